import { Effect } from "effect"
import { property } from "./flags/Property.ts"
import { connecting } from "./flags/Rounds.ts"
import * as Table from "./flags/Table.ts"

property("servers that are configured", Effect.succeed({ servers: Table.configured, experiments: Table.servers }))
property("trust in a project", Effect.succeed({ experiments: Table.trust }))
property("servers that are connected to", connecting)
