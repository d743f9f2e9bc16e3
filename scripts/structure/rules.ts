/** The packages of this repository that a package's sources may import. */
export const dependencies: { readonly [name: string]: ReadonlyArray<string> } = {
  http: [],
  domain: [],
  os: ["domain"],
  prompt: ["domain"],
  session: ["domain", "prompt"],
  store: ["domain", "os"],
  provider: ["domain", "http"],
  mcp: ["domain", "http", "os"],
  workspace: ["domain", "os"],
  testing: ["domain"],
  app: ["domain", "http", "mcp", "os", "provider", "session", "store", "workspace"],
  // Not published: for tests and scripts.
  harness: ["domain", "mcp", "provider", "session", "store"],
  cli: ["app", "domain", "http", "mcp", "provider", "session", "store", "workspace"]
}

/**
 * The folders of each package in the order of the data's path: a folder imports only folders that stand before it. Modules
 * of a package that are in no folder may import all of them.
 */
export const folders: { readonly [name: string]: ReadonlyArray<string> } = {
  http: ["contract", "connection"],
  session: [
    "telemetry",
    "log",
    "limits",
    "output",
    "tools",
    "context",
    "turn",
    "compaction",
    "round",
    "sampling",
    "recording"
  ],
  store: ["file", "database", "log", "sessions"],
  workspace: ["disk", "json", "config", "files", "project", "trust"],
  mcp: ["disk", "text", "sdk", "auth", "tools", "results", "requests", "transport", "builtin", "server", "inprocess"],
  provider: [
    "contract",
    "text",
    "errors",
    "stream",
    "connection",
    "request",
    "demo",
    "anthropic",
    "openai",
    "gemini",
    "effectai",
    "catalogue",
    "registry"
  ],
  testing: ["parts", "scripted", "invariants", "programs", "contract"],
  app: [
    "errors",
    "ports",
    "telemetry",
    "keys",
    "configuration",
    "trust",
    "servers",
    "engine",
    "sessions",
    "transfer",
    "prompts",
    "recording"
  ],
  harness: ["time", "disk", "provider", "oauth", "command", "sessions", "wires", "user"],
  cli: [
    "process",
    "errors",
    "configuration",
    "terminal",
    "output",
    "consent",
    "chat",
    "commands",
    "commands/mcp",
    "entry"
  ]
}
