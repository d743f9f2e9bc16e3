// Starts the command that its arguments name, as an editor would: with pipes to itself. Says its process id, sends it one
// line, and lives on.
import { spawn } from "node:child_process"

const [file, ...args] = process.argv.slice(2)
const child = spawn(file, args, { stdio: ["pipe", "pipe", "ignore"] })
child.stdin.write("phase:headers\n")
process.stdout.write(`${child.pid}\n`)
setInterval(() => {}, 1000)
