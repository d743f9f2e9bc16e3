import { statuses } from "./provider/status.ts"
import { suite } from "./suite.ts"

suite("RELIABILITY B.1, provider", [{ id: "P03", fault: "500, 502, 503, 504", variants: 4 }], statuses)
