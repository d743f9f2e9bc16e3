import process from "node:process"

/**
 * Loads `node:sqlite` without the warning that it is experimental, which Node 22 and older versions of 24 print on the first
 * load. No other warning is suppressed: loading is synchronous, and `process.emitWarning` is restored afterwards.
 */
export const load = (): void => {
  const own = Reflect.getOwnPropertyDescriptor(process, "emitWarning")
  const warn = process.emitWarning.bind(process)
  Reflect.set(process, "emitWarning", (...words: ReadonlyArray<unknown>) => {
    const [warning, type] = words
    if (type !== "ExperimentalWarning" || !String(warning).startsWith("SQLite")) Reflect.apply(warn, process, words)
  })
  try {
    process.getBuiltinModule("node:sqlite")
  } finally {
    if (own === undefined) Reflect.deleteProperty(process, "emitWarning")
    else Reflect.defineProperty(process, "emitWarning", own)
  }
}
