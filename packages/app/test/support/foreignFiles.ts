// Session files as other programs write them, made up after the formats of several of their versions.

export const json = (value: unknown, indentation?: number): string => JSON.stringify(value, undefined, indentation)

export const lines = (records: ReadonlyArray<object>): string => records.map((record) => `${json(record)}\n`).join("")

const base = {
  sessionId: "0b1c",
  cwd: "/home/u/project",
  version: "2.1.12",
  gitBranch: "main",
  userType: "external",
  isSidechain: false
}
const time = (second: number) => `2026-01-20T11:57:${String(second).padStart(2, "0")}.000Z`
const usage = {
  input_tokens: 4,
  cache_creation_input_tokens: 100,
  cache_read_input_tokens: 2000,
  output_tokens: 30,
  service_tier: "standard"
}

export const claudeUser = (
  uuid: string,
  parentUuid: string | null,
  content: unknown,
  second: number,
  more: object = {}
) => ({
  ...base,
  ...more,
  parentUuid,
  type: "user",
  message: { role: "user", content },
  uuid,
  timestamp: time(second)
})

export const claudeAnswer = (
  uuid: string,
  parentUuid: string,
  id: string,
  content: ReadonlyArray<object>,
  second: number,
  more: object = {}
) => ({
  ...base,
  ...more,
  parentUuid,
  type: "assistant",
  message: { model: "claude-opus-4-5", id, type: "message", role: "assistant", content, stop_reason: null, usage },
  requestId: "req_1",
  uuid,
  timestamp: time(second)
})

const toolUse = (id: string, name: string, input: object) => ({ type: "tool_use", id, name, input })
const toolResult = (id: string, content: unknown, more: object = {}) => ({
  type: "tool_result",
  tool_use_id: id,
  content,
  ...more
})

/** Version 2: an answer in several records, parallel calls whose results are on branches, a message that was edited. */
export const claudeCode: ReadonlyArray<object> = [
  { type: "summary", summary: "Counting apples", leafUuid: "a5" },
  {
    type: "file-history-snapshot",
    messageId: "u1",
    snapshot: { messageId: "u1", trackedFileBackups: {} },
    isSnapshotUpdate: false
  },
  { type: "queue-operation", operation: "dequeue", timestamp: time(0), sessionId: "0b1c" },
  claudeUser("u1", null, "How many apples are in fruit.txt?", 1),
  claudeAnswer("a1", "u1", "msg_1", [{ type: "thinking", thinking: "I should read it.", signature: "c2ln" }], 2),
  claudeAnswer("a2", "a1", "msg_1", [{ type: "text", text: "I look at the file." }], 3),
  claudeAnswer("a3", "a2", "msg_1", [toolUse("toolu_1", "Read", { file_path: "/home/u/project/fruit.txt" })], 4),
  claudeAnswer("a4", "a3", "msg_1", [toolUse("toolu_2", "Bash", { command: "wc -l fruit.txt" })], 5),
  claudeUser("r1", "a3", [toolResult("toolu_1", "     1→apples: 12")], 6, {
    toolUseResult: { type: "text", file: { numLines: 1 } }
  }),
  claudeUser("r2", "a4", [toolResult("toolu_2", [{ type: "text", text: "no such command" }], { is_error: true })], 7),
  claudeAnswer("a5", "r2", "msg_2", [{ type: "text", text: "Twelve apples." }], 8),
  {
    ...base,
    type: "system",
    subtype: "turn_duration",
    durationMs: 7000,
    uuid: "s1",
    parentUuid: "a5",
    timestamp: time(8)
  },
  claudeUser("u2", "s1", "And peers?", 9),
  claudeAnswer("a6", "u2", "msg_3", [{ type: "text", text: "What do you mean?" }], 10),
  claudeUser(
    "u3",
    "s1",
    [
      { type: "text", text: "And pears?" },
      { type: "image", source: { type: "base64", media_type: "image/png", data: "iVBORw0K" } }
    ],
    11
  ),
  claudeAnswer("x1", "u3", "msg_x", [{ type: "text", text: "from a subagent" }], 12, {
    isSidechain: true,
    agentId: "a1b2"
  }),
  claudeAnswer("e1", "u3", "err_1", [{ type: "text", text: "API Error: 529 overloaded" }], 12, {
    isApiErrorMessage: true
  }),
  claudeAnswer(
    "a7",
    "e1",
    "msg_4",
    [
      { type: "text", text: "None." },
      { type: "server_tool_use", id: "s", name: "web_search", input: {} }
    ],
    13
  )
]

/** Version 1: contents as strings, a compaction with a new root, and a call that was never answered. */
export const claudeCodeOld: ReadonlyArray<object> = [
  claudeUser("u1", null, "First question", 1, { version: "1.0.17" }),
  claudeAnswer("a1", "u1", "msg_1", [{ type: "text", text: "First answer" }], 2),
  claudeUser("c1", null, "This session is being continued: the user asked a question.", 3, { isCompactSummary: true }),
  claudeAnswer("a2", "c1", "msg_2", [toolUse("toolu_9", "mcp__files__list all", {})], 4)
]

const codexLine = (type: string, payload: object, second: number) => ({ timestamp: time(second), type, payload })
const item = (payload: object, second: number) => codexLine("response_item", payload, second)
const messageOf = (role: string, text: string) => ({
  type: "message",
  role,
  content: [{ type: role === "assistant" ? "output_text" : "input_text", text }]
})

/** With envelopes, as since the end of 2025: a rollback, a compaction, encrypted reasoning. */
export const codex: ReadonlyArray<object> = [
  codexLine(
    "session_meta",
    {
      id: "019a",
      timestamp: time(0),
      cwd: "/home/u/project",
      originator: "codex_cli_rs",
      cli_version: "0.65.0",
      source: "cli",
      model_provider: "openai"
    },
    0
  ),
  item(messageOf("developer", "<permissions instructions>…</permissions instructions>"), 0),
  item(messageOf("user", "<environment_context>\n  <cwd>/home/u/project</cwd>\n</environment_context>"), 0),
  item(messageOf("user", "How many apples?"), 1),
  codexLine("event_msg", { type: "user_message", message: "How many apples?", kind: "plain" }, 1),
  codexLine(
    "turn_context",
    { cwd: "/home/u/project", approval_policy: "never", model: "gpt-5-codex", effort: "high", summary: "auto" },
    1
  ),
  item(
    {
      type: "reasoning",
      summary: [{ type: "summary_text", text: "**Reading the file**" }],
      content: null,
      encrypted_content: "gAAA"
    },
    2
  ),
  item({ type: "reasoning", summary: [], content: null, encrypted_content: "gAAB" }, 2),
  item(
    { type: "function_call", name: "shell_command", arguments: '{"command":"cat fruit.txt"}', call_id: "call_1" },
    3
  ),
  item(
    {
      type: "custom_tool_call",
      status: "completed",
      call_id: "call_2",
      name: "apply_patch",
      input: "*** Begin Patch\n*** End Patch"
    },
    3
  ),
  item({ type: "function_call_output", call_id: "call_1", output: "apples: 12" }, 4),
  item({ type: "custom_tool_call_output", call_id: "call_2", output: "Success" }, 5),
  codexLine(
    "event_msg",
    {
      type: "token_count",
      info: {
        last_token_usage: {
          input_tokens: 120,
          cached_input_tokens: 100,
          output_tokens: 9,
          reasoning_output_tokens: 2,
          total_tokens: 129
        }
      }
    },
    5
  ),
  item(messageOf("assistant", "Twelve."), 6),
  codexLine("event_msg", { type: "agent_message", message: "Twelve." }, 6),
  item(messageOf("user", "A mistake"), 7),
  item(messageOf("assistant", "I see"), 8),
  codexLine("event_msg", { type: "thread_rolled_back", num_turns: 1 }, 9),
  codexLine("compacted", { message: "Summary" }, 9),
  item(
    {
      type: "message",
      role: "user",
      content: [
        { type: "input_text", text: "And this?" },
        { type: "input_image", image_url: "data:image/png;base64,iVBORw0K" }
      ]
    },
    10
  ),
  item({ type: "brand_new_item", x: 1 }, 11),
  codexLine("brand_new_line", {}, 11),
  item(messageOf("assistant", "A pear."), 12)
]

/** Without envelopes, as in the first half of 2025. */
export const codexOld: ReadonlyArray<object> = [
  { id: "5973", timestamp: time(0), instructions: null, git: { branch: "main" } },
  { record_type: "state" },
  { type: "message", id: null, role: "user", content: [{ type: "input_text", text: "List the files" }] },
  { type: "reasoning", id: "rs_1", summary: [] },
  {
    type: "local_shell_call",
    id: "ls_1",
    call_id: "call_1",
    status: "completed",
    action: { type: "exec", command: ["ls"] }
  },
  { type: "function_call_output", call_id: "call_1", output: { content: "a.txt", success: false } },
  { type: "message", role: "assistant", content: [{ type: "output_text", text: "There is a.txt." }] }
]

const part = (type: string, more: object) => ({
  id: `prt_${type}`,
  sessionID: "ses_1",
  messageID: "msg_1",
  type,
  ...more
})
const tokens = { input: 10, output: 20, reasoning: 3, cache: { read: 5, write: 1 } }

export const opencode = {
  info: {
    id: "ses_4f2",
    version: "1.2.5",
    projectID: "p",
    directory: "/home/u/project",
    title: "Counting apples",
    time: { created: 1_768_910_000_000, updated: 1_768_910_009_000 }
  },
  messages: [
    {
      info: {
        id: "msg_1",
        sessionID: "ses_4f2",
        role: "user",
        time: { created: 1_768_910_001_000 },
        agent: "build",
        model: { providerID: "anthropic", modelID: "claude-opus-4-5" }
      },
      parts: [
        part("text", { text: "How many apples are in @fruit.txt?" }),
        part("text", { text: "Called the Read tool with the following input: {}", synthetic: true }),
        part("file", { mime: "text/plain", filename: "fruit.txt", url: "file:///home/u/project/fruit.txt" }),
        part("file", { mime: "image/png", filename: "pear.png", url: "data:image/png;base64,iVBORw0K" })
      ]
    },
    {
      info: {
        id: "msg_2",
        sessionID: "ses_4f2",
        role: "assistant",
        time: { created: 1_768_910_002_000, completed: 1_768_910_008_000 },
        providerID: "anthropic",
        modelID: "claude-opus-4-5",
        mode: "build",
        cost: 0.01,
        tokens
      },
      parts: [
        part("step-start", { snapshot: "abc" }),
        part("reasoning", { text: "Read it.", time: { start: 1, end: 2 } }),
        part("text", { text: "I look." }),
        part("tool", {
          callID: "toolu_1",
          tool: "read",
          state: {
            status: "completed",
            input: { filePath: "fruit.txt" },
            output: "apples: 12",
            title: "fruit.txt",
            metadata: {},
            time: { start: 1_768_910_003_000, end: 1_768_910_004_000 }
          }
        }),
        part("tool", {
          callID: "toolu_2",
          tool: "bash",
          state: {
            status: "error",
            input: { command: "x" },
            error: "not allowed",
            time: { start: 1_768_910_003_000, end: 1_768_910_004_000 }
          }
        }),
        part("step-finish", { reason: "tool-calls", cost: 0, tokens }),
        part("patch", { hash: "h", files: [] }),
        part("step-start", {}),
        part("text", { text: "Twelve apples." }),
        part("step-finish", { reason: "stop", cost: 0, tokens }),
        part("hologram", {})
      ]
    },
    {
      info: { id: "msg_3", sessionID: "ses_4f2", role: "user", time: { created: 1_768_910_005_000 } },
      parts: [part("text", { text: "Thanks" })]
    },
    {
      info: {
        id: "msg_4",
        sessionID: "ses_4f2",
        role: "assistant",
        time: { created: 1_768_910_006_000 },
        providerID: "anthropic",
        modelID: "claude-opus-4-5",
        error: { name: "MessageAbortedError", data: {} }
      },
      parts: [
        part("step-start", {}),
        part("tool", {
          callID: "toolu_3",
          tool: "bash",
          state: { status: "running", input: { command: "sleep 9" }, time: { start: 1 } }
        })
      ]
    }
  ]
}
