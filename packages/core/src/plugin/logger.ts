// pino's shape, structurally: pino's logger is one without a cast, and core needs no pino.

export interface LogMethod {
  (fields: object, message?: string): void;
  (message: string): void;
}

/**
 * Levels: info for changes of membership and leadership, warn for degraded service, debug for single messages.
 * Bindings never carry users' data.
 */
export interface Logger {
  readonly trace: LogMethod;
  readonly debug: LogMethod;
  readonly info: LogMethod;
  readonly warn: LogMethod;
  readonly error: LogMethod;
  child(bindings: Record<string, unknown>): Logger;
}

const nothing = (): void => {};

/** A logger that says nothing: the default of everything that is used alone. */
export const silentLogger: Logger = {
  trace: nothing,
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  child: () => silentLogger,
};
