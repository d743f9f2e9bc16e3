export * as Http from "./Http.ts"
export * as HttpError from "./HttpError.ts"
export * as HttpLimits from "./HttpLimits.ts"
export * as Proxies from "./Proxies.ts"
