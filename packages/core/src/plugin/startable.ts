// The life of everything that a host starts and stops.

export interface StartOptions {
  /** Aborting gives up a start that is under way; `start` then rejects with the signal's reason and leaves nothing open. */
  readonly signal?: AbortSignal | undefined;
}

export interface StopOptions {
  /**
   * How long an orderly stop may take, in milliseconds; then what is left is cut off.
   * @defaultValue 5000
   */
  readonly deadlineMs?: number | undefined;
}

/**
 * Started once, stopped once; stopping twice, or before or during `start`, is allowed and ends stopped.
 * It must not assume that any other plugin has been started. `Symbol.asyncDispose` is `stop()`.
 */
export interface Startable extends AsyncDisposable {
  start(options?: StartOptions): Promise<void>;
  stop(options?: StopOptions): Promise<void>;
}

/** Ends a subscription. Calling it twice does nothing. */
export type Unsubscribe = () => void;
