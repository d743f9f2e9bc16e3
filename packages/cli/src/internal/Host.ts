import process from "node:process"

export const env: Readonly<Record<string, string | undefined>> = process.env

export const cwd = (): string => process.cwd()
