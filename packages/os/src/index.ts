export * as LockFile from "./LockFile.ts"
export * as ProcessIdentity from "./ProcessIdentity.ts"
export * as ProcessTable from "./ProcessTable.ts"
export * as Self from "./Self.ts"
