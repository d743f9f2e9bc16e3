import type { ToolInput } from "../../packages/domain/src/McpManager.ts"

/** An npm package with an MCP server that starts without an account, and the trial for it without browser and network. */
export interface RealServer {
  readonly package: string
  readonly version: string
  /** The path of the program within the package. */
  readonly program: string
  readonly args?: ReadonlyArray<string>
  /** Dummy keys if it needs some to start. `DIRECTORY`, also in `args` and inputs, is an empty directory for this server. */
  readonly env?: { readonly [name: string]: string }
  readonly call: readonly [tool: string, input: ToolInput]
  /** A call that takes seconds and is cancelled while it runs. Without it, `call` is cancelled as soon as it was sent. */
  readonly slow?: readonly [tool: string, input: ToolInput]
  /** What the result of `call` must match; absent if it can only report a missing network, browser or account. */
  readonly says?: RegExp
}

const official = (name: string) => `@modelcontextprotocol/server-${name}`
const index = "dist/index.js"

export const servers: ReadonlyArray<RealServer> = [
  {
    package: official("everything"),
    version: "2026.8.31",
    program: index,
    call: ["get-sum", { a: 2, b: 3 }],
    slow: ["trigger-long-running-operation", { duration: 30, steps: 3 }],
    says: /is 5/
  },
  {
    package: official("filesystem"),
    version: "2026.8.31",
    program: index,
    args: ["DIRECTORY"],
    call: ["write_file", { path: "DIRECTORY/a.txt", content: "hello" }],
    says: /Successfully wrote/
  },
  {
    package: official("memory"),
    version: "2026.8.31",
    program: index,
    env: { MEMORY_FILE_PATH: "DIRECTORY/memory.json" },
    call: ["create_entities", { entities: [{ name: "a", entityType: "b", observations: ["c"] }] }]
  },
  {
    package: official("sequential-thinking"),
    version: "2026.8.31",
    program: index,
    call: ["sequentialthinking", { thought: "x", nextThoughtNeeded: false, thoughtNumber: 1, totalThoughts: 1 }],
    says: /"thoughtNumber": 1/
  },
  {
    package: official("github"),
    version: "2025.4.8",
    program: index,
    env: { GITHUB_PERSONAL_ACCESS_TOKEN: "none" },
    call: ["search_repositories", { query: "mcp" }]
  },
  {
    package: official("gitlab"),
    version: "2025.4.25",
    program: index,
    env: { GITLAB_PERSONAL_ACCESS_TOKEN: "none" },
    call: ["search_repositories", { search: "mcp" }]
  },
  {
    package: official("slack"),
    version: "2025.4.25",
    program: index,
    env: { SLACK_BOT_TOKEN: "none", SLACK_TEAM_ID: "T1" },
    call: ["slack_get_users", {}]
  },
  {
    package: official("google-maps"),
    version: "0.6.2",
    program: index,
    env: { GOOGLE_MAPS_API_KEY: "none" },
    call: ["maps_geocode", { address: "here" }]
  },
  {
    package: official("puppeteer"),
    version: "2025.5.12",
    program: index,
    env: { PUPPETEER_EXECUTABLE_PATH: "DIRECTORY/no-browser" },
    call: ["puppeteer_evaluate", { script: "1" }]
  },
  {
    package: "@playwright/mcp",
    version: "0.0.83",
    program: "cli.js",
    args: ["--executable-path", "DIRECTORY/no-browser"],
    call: ["browser_tabs", { action: "list" }]
  },
  {
    package: "chrome-devtools-mcp",
    version: "1.11.0",
    program: "build/src/bin/chrome-devtools-mcp.js",
    args: ["--executablePath", "DIRECTORY/no-browser", "--no-usage-statistics"],
    call: ["list_pages", {}]
  },
  {
    package: "@wonderwhy-er/desktop-commander",
    version: "0.2.52",
    program: index,
    call: ["get_file_info", { path: "DIRECTORY" }],
    slow: ["start_process", { command: "sleep 60", timeout_ms: 30_000 }]
  },
  {
    package: "@notionhq/notion-mcp-server",
    version: "2.5.2",
    program: "bin/cli.mjs",
    env: { NOTION_TOKEN: "ntn_none" },
    call: ["API-get-self", {}]
  },
  {
    package: "@upstash/context7-mcp",
    version: "4.1.1",
    program: index,
    call: ["resolve-library-id", { query: "effect", libraryName: "effect" }]
  },
  {
    package: "tavily-mcp",
    version: "0.2.22",
    program: "build/index.js",
    env: { TAVILY_API_KEY: "tvly-none" },
    call: ["tavily_search", { query: "mcp" }]
  },
  {
    package: "exa-mcp-server",
    version: "3.4.1",
    program: "dist/stdio.cjs",
    env: { EXA_API_KEY: "none" },
    call: ["web_search_exa", { query: "mcp" }]
  },
  {
    package: "firecrawl-mcp",
    version: "3.26.0",
    program: index,
    env: { FIRECRAWL_API_KEY: "fc-none" },
    call: ["firecrawl_check_crawl_status", { id: "none" }]
  },
  {
    package: "figma-developer-mcp",
    version: "0.13.2",
    program: "dist/bin.js",
    args: ["--stdio"],
    env: { FIGMA_API_KEY: "none" },
    call: ["get_figma_data", { fileKey: "abc123" }]
  },
  {
    package: "@mapbox/mcp-server",
    version: "0.14.0",
    program: "dist/esm/index.js",
    env: { MAPBOX_ACCESS_TOKEN: "pk.eyJ1IjoieCIsImEiOiJ4In0.x" },
    call: ["distance_tool", { from: { longitude: 0, latitude: 0 }, to: { longitude: 1, latitude: 0 } }],
    says: /111/
  },
  {
    package: "@eslint/mcp",
    version: "0.3.13",
    program: "src/mcp-cli.js",
    call: ["lint-files", { filePaths: ["DIRECTORY/none.js"] }]
  },
  {
    package: "mcp-server-commands",
    version: "0.5.0",
    program: "build/index.js",
    call: ["run_command", { command: "echo hello" }],
    slow: ["run_command", { command: "sleep 30" }],
    says: /hello/
  },
  {
    package: "airtable-mcp-server",
    version: "1.14.0",
    program: "dist/main.js",
    env: { AIRTABLE_API_KEY: "pat.none" },
    call: ["list_bases", {}]
  },
  {
    package: "@cyanheads/git-mcp-server",
    version: "2.15.3",
    program: index,
    call: ["git_init", { path: "DIRECTORY/repository" }],
    says: /"?success"?|Initialized/i
  }
]
