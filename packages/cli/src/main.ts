import process from "node:process"
import { main } from "./Program.ts"

main(process.argv.slice(2))
