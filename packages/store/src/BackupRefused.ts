import * as Schema from "effect/Schema"

/** A backup that was not begun, or not given its name: `path` is untouched. */
export class BackupRefused extends Schema.TaggedError<BackupRefused>()("BackupRefused", {
  path: Schema.String,
  reason: Schema.Literals(["Exists", "Directory", "NoDirectory", "NotWritable", "NothingYet"])
}) {
  override get message(): string {
    const words: { readonly [R in typeof this.reason]: string } = {
      Exists: "it exists already, and a backup replaces no file: name another one",
      Directory: "it is a directory: name a file in it",
      NoDirectory: "its directory does not exist: make it first",
      NotWritable: "its directory cannot be written to: make it writable for you, or name another place",
      NothingYet: "there is no database yet, so there is nothing to copy"
    }
    return `${this.path}: ${words[this.reason]}`
  }
}
