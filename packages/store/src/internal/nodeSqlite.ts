import process from "node:process"

/**
 * Loads `node:sqlite` without the warning that it is experimental, which Node 22 and older versions of 24 print when a program
 * loads it first. No other warning is held back: loading is synchronous, and `process.emitWarning` is as it was after it.
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
