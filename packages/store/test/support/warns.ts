import { registerHooks } from "node:module"
import process from "node:process"

/** Loaded before a program: makes a newer Node warn as Node 22 does when a program first loads `node:sqlite`, and of more. */
let warned = false
const warn = () => {
  if (warned) return
  warned = true
  process.emitWarning("SQLite is an experimental feature and might change at any time", "ExperimentalWarning")
  process.emitWarning("another experiment, met while loading", "ExperimentalWarning")
  process.emitWarning("SQLite has a flaw of another kind")
}
const get = process.getBuiltinModule.bind(process)
const warning = (id: string) => {
  if (id === "node:sqlite") warn()
  return get(id)
}
Object.assign(process, { getBuiltinModule: warning })
registerHooks({
  load: (url, context, next) => {
    if (url === "node:sqlite") warn()
    return next(url, context)
  }
})
