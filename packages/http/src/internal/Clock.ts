/** A limit of time that can be started again and stopped. It holds no process. */
export interface Clock {
  readonly start: (millis: number, over: () => void) => void
  /** Begins again where it is running. */
  readonly again: () => void
  readonly stop: () => void
}

/** What a timer can wait; a longer time makes it fire at once. */
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
