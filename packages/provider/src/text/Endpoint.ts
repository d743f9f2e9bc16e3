/** The base URL without user name, password, query and fragment, which may contain secrets. */
export const endpointOf = (baseUrl: string): string =>
  baseUrl.replace(/^(\w+:\/\/)[^/@]*@/, "$1").replace(/[?#].*$/s, "")
