/** A timeout that can be restarted and stopped. It does not keep the process alive. */
export interface Clock {
  readonly start: (millis: number, over: () => void) => void
  /** Restarts the timeout if it is running. */
  readonly again: () => void
  readonly stop: () => void
}

/** The maximum delay of a timer in milliseconds. A timer with a longer delay fires immediately. */
const longest = 2 ** 31 - 1

export const makeClock = (): Clock => {
  let timer: NodeJS.Timeout | undefined
  const stop = (): void => {
    clearTimeout(timer)
    timer = undefined
  }
  return {
    start: (millis, over) => {
      stop()
      if (millis > longest) return
      // @effect-diagnostics-next-line globalTimers:off -- beside Node's sockets, outside of any Effect
      timer = setTimeout(over, Math.max(0, millis))
      timer.unref()
    },
    again: () => void timer?.refresh(),
    stop
  }
}
