/** A long test or measurement whose result is kept in docs/evidence. */
export interface Campaign {
  readonly name: string
  /** Arguments of `node`. */
  readonly command: ReadonlyArray<string>
  /** The directories and files that it tests. A later change to one of them makes the result outdated. */
  readonly covers: ReadonlyArray<string>
  /** The file to which its output is written, if the command does not write it itself. */
  readonly output?: string
}

const engine = ["domain", "prompt", "session"].map((name) => `packages/${name}/src`)
const store = ["packages/domain/src", "packages/os/src", "packages/store/src"]
const connections = ["domain", "os", "http", "mcp"].map((name) => `packages/${name}/src`)
const command = [
  ...engine,
  ...["os", "http", "mcp", "provider", "store", "workspace", "app", "cli"].map((name) => `packages/${name}/src`)
]
const programs = [...engine, "packages/testing/src", "packages/session/test/programs-worker.ts", "scripts/programs.ts"]

/** In the order in which they run: first those that detect storage bugs, measurements last. */
export const campaigns: ReadonlyArray<Campaign> = [
  {
    name: "powerloss",
    command: ["scripts/powerloss/main.ts", "--images", "10000", "--seed", "1", "--write"],
    covers: [...store, "scripts/powerloss"]
  },
  { name: "crash", command: ["scripts/crash/main.ts", "--write"], covers: [...command, "scripts/crash"] },
  {
    name: "crash-faults",
    command: ["scripts/crash/main.ts", "--faults", "--write"],
    covers: [...command, "scripts/crash"]
  },
  {
    name: "crash-random",
    command: ["scripts/crash/main.ts", "--random", "2000", "--seed", "1", "--write"],
    covers: [...command, "scripts/crash"]
  },
  {
    name: "cancel",
    command: ["scripts/cancel/main.ts", "--repeat", "20", "--write"],
    covers: [...command, "scripts/cancel"]
  },
  {
    name: "programs",
    command: ["scripts/programs.ts", "--runs", "100000", "--seed", "1", "--workers", "2", "--evidence"],
    covers: programs
  },
  {
    name: "laws",
    command: ["scripts/programs.ts", "--laws", "--runs", "20000", "--seed", "1", "--workers", "2", "--evidence"],
    covers: [...programs, "packages/workspace/src"]
  },
  {
    name: "contracts",
    command: ["scripts/contracts.ts", "--write"],
    covers: ["packages/domain/src", "packages/testing/src", "packages/testing/test/planted", "scripts/contracts.ts"]
  },
  {
    name: "contention",
    command: ["scripts/contention.ts", "--seconds", "120", "--processes", "8"],
    covers: [...store, "scripts/contention.ts"],
    output: "docs/evidence/contention.md"
  },
  {
    name: "commands",
    command: ["scripts/commands.ts", "--runs", "50", "--edits", "100", "--repeat", "1", "--write"],
    covers: [...command, "scripts/commands.ts"]
  },
  {
    name: "conformance",
    command: ["scripts/conformance/main.ts", "--write"],
    covers: [...connections, "packages/cli/src", "scripts/conformance"]
  },
  {
    name: "servers",
    command: ["scripts/servers.ts", "--repeat", "5", "--write"],
    covers: [...connections, "scripts/servers.ts"]
  },
  {
    name: "servers-real",
    command: ["scripts/servers.ts", "--real", "--write"],
    covers: [...connections, "scripts/realServers"]
  },
  { name: "node-versions", command: ["scripts/floor.ts", "--write"], covers: [...command, "scripts/floor.ts"] },
  { name: "soak", command: ["scripts/soak/main.ts", "--write"], covers: [...command, "scripts/soak"] },
  {
    name: "files",
    command: ["scripts/files.ts", "--write"],
    covers: ["packages/os/src", "packages/workspace/src", "packages/prompt/src"]
  },
  {
    name: "cache",
    command: ["bench/cache/main.ts", "--rounds", "200", "--seed", "1", "--write"],
    covers: [...engine, "packages/provider/src", "packages/workspace/src", "bench/cache"]
  },
  {
    name: "bench",
    command: ["bench/run.mjs", "--rounds", "3", "--write"],
    covers: [
      ...engine,
      "packages/store/src",
      "packages/http/src",
      "packages/provider/src",
      "bench/one.mjs",
      "bench/run.mjs"
    ]
  },
  {
    name: "mutants",
    command: ["scripts/mutants/main.ts", "--record"],
    covers: [...command, "packages/testing/src", "scripts/mutants"]
  }
]
