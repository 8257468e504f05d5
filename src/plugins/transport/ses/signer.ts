import { MissingDependency } from "../../../sdk/errors.ts"
import type { HttpCall } from "../http/http-call.ts"

/** Keys of an AWS identity; with temporary ones comes a session token. */
export interface AwsCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string | undefined
}

type Signer = typeof import("aws4fetch").AwsV4Signer

let loaded: Promise<Signer> | undefined

const load = async (): Promise<Signer> => {
  try {
    return (await import("aws4fetch")).AwsV4Signer
  } catch (cause) {
    throw new MissingDependency({
      code: "missing-dependency",
      retryable: false,
      dependency: "aws4fetch",
      message:
        "The ses transport signs its requests with aws4fetch, which cannot be loaded. Run: npm install aws4fetch",
      cause,
    })
  }
}

/**
 * The request with AWS Signature Version 4, made for now.
 *
 * @throws MissingDependency when aws4fetch is not installed.
 */
export const signedCall = async (call: HttpCall, credentials: AwsCredentials, region: string): Promise<HttpCall> => {
  loaded ??= load()
  const AwsV4Signer = await loaded
  const signer = new AwsV4Signer({
    url: call.url,
    method: call.method ?? "POST",
    headers: { ...call.headers },
    ...(call.body === undefined ? {} : { body: call.body }),
    accessKeyId: credentials.accessKeyId,
    secretAccessKey: credentials.secretAccessKey,
    ...(credentials.sessionToken === undefined ? {} : { sessionToken: credentials.sessionToken }),
    service: "ses",
    region,
    // So that the body is covered, and content-type is what was signed.
    allHeaders: true,
  })
  const { url, headers } = await signer.sign()
  return { ...call, url: url.href, headers: Object.fromEntries(headers) }
}
