export { isConserved } from "sendstate/sdk"
