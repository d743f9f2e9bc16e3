/** Checks that files of the user's own are that: see `Ownership` in `@parley/domain` for the rule. */
export { below, file } from "./internal/Owned.ts"
