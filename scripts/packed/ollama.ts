// A server like Ollama on its default port, which the installed command must find without any configuration.
import { execFile } from "node:child_process"
import { existsSync, mkdirSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import { delimiter, dirname, join } from "node:path"
import process from "node:process"
import { promisify } from "node:util"

const run = promisify(execFile)
const port = 11434

const chunk = (delta: object, finish_reason: string | null = null): string =>
  `data: ${JSON.stringify({ id: "chatcmpl-1", object: "chat.completion.chunk", choices: [{ index: 0, delta, finish_reason }] })}\n\n`
const done = "data: [DONE]\n\n"
const call = { index: 0, id: "call_1", type: "function", function: { name: "workspace__list_files", arguments: "{}" } }

/** Asks for a tool first, and answers with what the tool returned. Its finish reason is `stop` both times, as in Ollama. */
const answerTo = (body: string): string =>
  body.includes("tomatoes.txt")
    ? chunk({ content: "There is tomatoes.txt." }) + chunk({}, "stop") + done
    : chunk({ tool_calls: [call] }) + chunk({}, "stop") + done

const server = createServer((request, response) => {
  let body = ""
  request.setEncoding("utf8").on("data", (piece: string) => (body += piece))
  request.on("end", () => {
    response.setHeader("content-type", "text/event-stream")
    response.end(answerTo(body))
  })
})

/** Runs the command once in an empty home. Fails unless it answers through a tool call, without a configuration file. */
export const answersThroughOllama = async (binary: string, work: string, node: string): Promise<string> => {
  await new Promise<void>((listening, failed) => {
    server.once("error", (error) => failed(new Error(`port ${port} is needed for a test: ${error.message}`)))
    server.listen(port, "127.0.0.1", listening)
  })
  try {
    const [home, project] = [join(work, "empty-home"), join(work, "project")]
    for (const directory of [home, project]) mkdirSync(directory, { recursive: true })
    writeFileSync(join(project, "tomatoes.txt"), "red")
    const env = { HOME: home, PATH: `${dirname(node)}${delimiter}${process.env["PATH"] ?? ""}` }
    const args = ["run", "--model", "ollama/small", "--no-stdin", "What is here?"]
    const { stdout } = await run(binary, args, { cwd: project, env, timeout: 60_000 })
    if (!stdout.includes("There is tomatoes.txt.")) throw new Error(`the answer through Ollama was ${stdout}`)
    if (existsSync(join(home, ".config/parley/config.json"))) throw new Error("a configuration file was written")
    return stdout.trim()
  } finally {
    server.close()
    server.closeAllConnections()
  }
}
