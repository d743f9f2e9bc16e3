export * as Anthropic from "./Anthropic.ts"
export * as Demo from "./Demo.ts"
export * as ModelProvider from "./ModelProvider.ts"
export * as Registry from "./Registry.ts"
