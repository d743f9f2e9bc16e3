import { canonical } from "@parley/domain/CanonicalJson"
import type * as Schema from "effect/Schema"
import { createHash } from "node:crypto"

/** SHA-256 of a value's canonical form, in hexadecimal digits. */
export const digest = (json: Schema.Json): string => createHash("sha256").update(canonical(json)).digest("hex")
