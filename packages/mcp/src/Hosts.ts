export { isThisMachine } from "./internal/Addresses.ts"
