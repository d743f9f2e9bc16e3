export { isThisMachine } from "./Addresses.ts"
