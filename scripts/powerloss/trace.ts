import { basename, dirname } from "node:path"

/** The operations of a process on the files of a database. Files are numbered, because a name may be reused. */
export type Op =
  | { readonly _tag: "Write"; readonly file: number; readonly at: number; readonly bytes: Buffer }
  | { readonly _tag: "Resize"; readonly file: number; readonly size: number }
  | { readonly _tag: "Sync"; readonly file: number }
  /** An atomic change of names: the file of each name from now on; undefined if the name was removed. */
  | { readonly _tag: "Name"; readonly names: ReadonlyArray<readonly [name: string, file: number | undefined]> }
  | { readonly _tag: "SyncNames" }
  /** The process has written this many lines to standard output. */
  | { readonly _tag: "Told"; readonly lines: number }

/** All system calls that can change a file or make a change durable. Unsupported ones cause an error; none is ignored. */
export const calls =
  "openat,open,creat,close,dup,dup2,dup3,write,writev,pwrite64,pwritev,pwritev2,fsync,fdatasync,sync_file_range,sync,syncfs," +
  "ftruncate,truncate,fallocate,copy_file_range,sendfile,rename,renameat,renameat2,link,linkat,symlink,unlink,unlinkat,mkdir"

const decoded = (text: string): string =>
  text.replace(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)))

/** Joins calls that `strace` printed in two parts because of another thread. A call takes effect when it returns. */
const whole = (lines: ReadonlyArray<string>): ReadonlyArray<string> => {
  const begun = new Map<string, string>()
  return lines.flatMap((line) => {
    const [, thread = "", rest = ""] = /^(\d+) +(.*)$/.exec(line) ?? []
    if (rest.endsWith("<unfinished ...>")) {
      begun.set(thread, rest.slice(0, -"<unfinished ...>".length).trimEnd())
      return []
    }
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest)
    return [resumed === null ? rest : `${begun.get(thread) ?? ""}${resumed[1]}`]
  })
}

/**
 * Parses the output of `strace -f -y -xx`. `directory` contains the database: files whose name begins with `parley.db`
 * count, except the WAL index, which is not read after a crash. `files` keeps the names from one process to the next.
 */
export class Trace {
  private readonly files = new Map<string, number>()
  private count = 0
  private lines = 0

  private readonly directory: string

  constructor(directory: string) {
    this.directory = directory
  }

  read(text: string): ReadonlyArray<Op> {
    const open = new Map<number, number>()
    return whole(text.split("\n")).flatMap((line) => this.op(line, open))
  }

  private nameOf(path: string): string | undefined {
    const name = basename(path)
    return dirname(path) === this.directory && name.startsWith("parley.db") && !name.endsWith("-shm") ? name : undefined
  }

  private op(line: string, open: Map<number, number>): ReadonlyArray<Op> {
    const [, call = "", args = "", result = ""] = /^(\w+)\((.*)\) += (-?\d+)/s.exec(line) ?? []
    if (call === "" || result.startsWith("-")) return []
    const [, fd = "", target = ""] = /^(\d+)<([^>]*)>/.exec(args) ?? []
    const file = fd === "" ? undefined : open.get(Number(fd))
    const strings = [...args.matchAll(/"((?:\\x[0-9a-f]{2})*)"/g)].map(([, hex = ""]) => hex)
    const names = strings.map((hex) => this.nameOf(decoded(hex)))
    const numbers = args.split(", ").slice(1).map(Number)
    switch (call) {
      case "openat":
        return this.opened(names[0], args, Number(result), open)
      case "close":
        open.delete(Number(fd))
        return []
      case "write":
        if (fd !== "1") break
        this.lines += decoded(strings[0] ?? "").split("\n").length - 1
        return [{ _tag: "Told", lines: this.lines }]
      case "pwrite64":
        if (file === undefined) return []
        return [{ _tag: "Write", file, at: numbers.at(-1) ?? 0, bytes: this.bytes(strings[0], Number(result)) }]
      case "ftruncate":
        return file === undefined ? [] : [{ _tag: "Resize", file, size: numbers[0] ?? 0 }]
      case "fsync":
      case "fdatasync":
        if (decoded(target) === this.directory) return [{ _tag: "SyncNames" }]
        return file === undefined ? [] : [{ _tag: "Sync", file }]
      case "link":
        return this.named(names[1], names[0] === undefined ? undefined : this.files.get(names[0]))
      case "rename": {
        const moved = names[0] === undefined ? undefined : this.files.get(names[0])
        return this.renamed(names[0], names[1], moved)
      }
      case "unlink":
        return this.named(names[0], undefined)
    }
    // In a call that is not handled above, neither a path nor a file descriptor may belong to the database.
    if (file !== undefined || names.some((name) => name !== undefined))
      throw new Error(`${call} on a file of the database is not understood: ${decoded(line).slice(0, 200)}`)
    return []
  }

  private bytes(hex = "", length: number): Buffer {
    const bytes = Buffer.from(hex.replaceAll("\\x", ""), "hex")
    if (bytes.length < length) throw new Error(`a write of ${length} bytes was recorded in part`)
    return bytes.subarray(0, length)
  }

  private opened(name: string | undefined, args: string, fd: number, open: Map<number, number>): ReadonlyArray<Op> {
    open.delete(fd)
    if (name === undefined) return []
    const before = this.files.get(name)
    const file = before ?? this.count++
    open.set(fd, file)
    if (before === undefined) return this.named(name, file)
    return args.includes("O_TRUNC") ? [{ _tag: "Resize", file, size: 0 }] : []
  }

  private renamed(from: string | undefined, to: string | undefined, file: number | undefined): ReadonlyArray<Op> {
    const ops = [...this.named(to, file), ...this.named(from, undefined)]
    return ops.length < 2 ? ops : [{ _tag: "Name", names: ops.flatMap((op) => (op._tag === "Name" ? op.names : [])) }]
  }

  private named(name: string | undefined, file: number | undefined): ReadonlyArray<Op> {
    if (name === undefined) return []
    if (file === undefined) this.files.delete(name)
    else this.files.set(name, file)
    return [{ _tag: "Name", names: [[name, file]] }]
  }
}
