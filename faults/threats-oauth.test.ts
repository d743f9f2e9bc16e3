import { suite } from "./suite.ts"
import { cases, rows } from "./threats/oauth.ts"

suite("RELIABILITY X06, X22, X23, logins to MCP servers", rows, cases)
