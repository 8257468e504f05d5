#!/usr/bin/env node
// Only what every Node can import: an old one must get a sentence, not a stack.
import nodeModule from "node:module"
import process from "node:process"

const needed: readonly [number, number] = [22, 19]

const isOldNode = (version: string): boolean => {
  const [major = 0, minor = 0] = version.split(".").map(Number)
  return major < needed[0] || (major === needed[0] && minor < needed[1])
}

if (isOldNode(process.versions.node)) {
  process.stderr.write(`sendstate needs Node >= ${needed.join(".")}, found ${process.versions.node}\n`)
  process.exitCode = 1
} else {
  // Compiled code is kept in the temporary folder: the second start of a command takes half the time.
  nodeModule.enableCompileCache?.()
  void import("./main.ts").then(({ main }) => main(process.argv.slice(2)))
}
