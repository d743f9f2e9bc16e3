/** Local time as `2026-11-22 15:48`, whatever the user's locale; the Swedish locale has this format. */
export const minute = (millis: number): string =>
  new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "short" }).format(millis)
