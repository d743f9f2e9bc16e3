// Starts the command given by its arguments with pipes, as an editor would. Prints the process id of the child, sends it one
// line, and keeps running.
import { spawn } from "node:child_process"

const [file, ...args] = process.argv.slice(2)
const child = spawn(file, args, { stdio: ["pipe", "pipe", "ignore"] })
child.stdin.write("phase:headers\n")
process.stdout.write(`${child.pid}\n`)
setInterval(() => {}, 1000)
