export * as Http from "./Http.ts"
export * as HttpError from "./contract/HttpError.ts"
export * as HttpLimits from "./contract/HttpLimits.ts"
export * as Proxies from "./contract/Proxies.ts"
