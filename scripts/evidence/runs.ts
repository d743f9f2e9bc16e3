import { execFileSync } from "node:child_process"
import { createHash } from "node:crypto"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import type { Campaign } from "./campaigns.ts"

/** The latest run of a campaign. */
export interface CampaignRun {
  readonly command: string
  /** The date, the machine and the commit. */
  readonly where: string
  readonly seconds: number
  readonly passed: boolean
  /** A hash of the covered files. */
  readonly code: string
}

export type Runs = Readonly<Record<string, CampaignRun>>

const root = resolve(import.meta.dirname, "../..")
const path = join(root, "docs/evidence/runs.json")

export const readRuns = (): Runs => (existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : {})

export const record = (name: string, run: CampaignRun): void => {
  const runs = Object.entries({ ...readRuns(), [name]: run }).sort(([a], [b]) => (a < b ? -1 : 1))
  writeFileSync(path, `${JSON.stringify(Object.fromEntries(runs), null, 2)}\n`)
}

/** A hash of the contents of all files that a campaign covers. */
export const codeOf = ({ covers }: Pick<Campaign, "covers">): string => {
  const listed = execFileSync("git", ["ls-files", "-z", "--", ...covers], { cwd: root, encoding: "utf8" })
  const hash = createHash("sha256")
  for (const file of listed.split("\0").filter((name) => name !== "" && existsSync(join(root, name))))
    hash
      .update(file)
      .update("\0")
      .update(readFileSync(join(root, file)))
      .update("\0")
  return hash.digest("hex").slice(0, 16)
}

export type Standing = "current" | "failed" | "older than its code" | "never run"

export const standingOf = (campaign: Campaign, runs: Runs): Standing => {
  const run = runs[campaign.name]
  if (run === undefined) return "never run"
  if (run.code !== codeOf(campaign)) return "older than its code"
  return run.passed ? "current" : "failed"
}
