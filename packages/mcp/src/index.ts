export * as McpServers from "./McpServers.ts"
export * as ToolNames from "./ToolNames.ts"
export * as ToolResults from "./ToolResults.ts"
export * as WorkspaceTools from "./WorkspaceTools.ts"
