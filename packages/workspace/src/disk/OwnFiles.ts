/** Checks that only the user could have written their own files; see `Ownership` in `@parley/domain` for the rule. */
export { below, file } from "./Owned.ts"
