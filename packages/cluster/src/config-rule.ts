// What one option may be. A rule's caller may be plain JavaScript, so nothing is believed because a type says so.

import { formatAddress, parseAddress, type Metadata } from '@actor/core';
import { encodeMetadata } from './membership/messages.ts';

/** Says what is wrong with a value, or nothing. */
export type Rule = (value: unknown) => string | undefined;

const nameMax = 255;
const hostMaxBytes = 255;
const metadataMaxBytes = 4_096;
const shownMax = 60;

// Names become part of URIs, certificates and log lines.
export const name: Rule = (value) => {
  if (typeof value !== 'string' || !/^[A-Za-z0-9._-]+$/.test(value) || !/[A-Za-z0-9]/.test(value)) {
    return `must be made of letters, digits, dots, hyphens and underscores, a letter or a digit among them, not ${show(value)}`;
  }
  return value.length > nameMax ? `must have at most ${nameMax} characters` : undefined;
};

export const host: Rule = (value) => {
  const fault = `must be a host name or an IP address, without brackets and without port, not ${show(value)}`;
  if (typeof value !== 'string' || /[[\]]/.test(value)) return fault;
  // One colon alone is that of a port.
  if (/^[^:]*:[^:]*$/.test(value)) return fault;
  if (new TextEncoder().encode(value).length > hostMaxBytes) {
    return `must have at most ${hostMaxBytes} bytes`;
  }
  try {
    parseAddress(formatAddress({ host: value, port: 1 }));
    return undefined;
  } catch {
    return fault;
  }
};

/** A millisecond is the shortest: one that is shorter still keeps the event loop from anything else. */
export const duration: Rule = (value) =>
  typeof value === 'number' && Number.isFinite(value) && value >= 1
    ? undefined
    : `must be a number of milliseconds, at least 1, not ${show(value)}`;

export const positive: Rule = (value) =>
  typeof value === 'number' && Number.isFinite(value) && value > 0
    ? undefined
    : `must be a number above 0, not ${show(value)}`;

export const wholeBetween =
  (least: number, most: number): Rule =>
  (value) =>
    typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most
      ? undefined
      : `must be a whole number from ${least} to ${most}, not ${show(value)}`;

export const oneOf =
  (...allowed: readonly string[]): Rule =>
  (value) =>
    typeof value === 'string' && allowed.includes(value)
      ? undefined
      : `must be ${allowed.map((each) => `'${each}'`).join(' or ')}, not ${show(value)}`;

export const factory: Rule = (value) =>
  typeof value === 'function' ? undefined : `must be a plugin's factory, not ${show(value)}`;

export const object: Rule = (value) =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? undefined
    : `must be an object, not ${show(value)}`;

export const list: Rule = (value) =>
  Array.isArray(value) ? undefined : `must be a list, not ${show(value)}`;

export const has =
  (...methods: readonly string[]): Rule =>
  (value) => {
    const record = (typeof value === 'object' || typeof value === 'function') && value !== null ? value : {};
    const missing = methods.filter((method) => typeof Reflect.get(record, method) !== 'function');
    return missing.length === 0 ? undefined : `lacks ${missing.join(', ')}`;
  };

export const serializer: Rule = (value) => {
  const fault = has('encode', 'decode')(value);
  if (fault !== undefined) return fault;
  const called: unknown = Reflect.get(value as object, 'name');
  return typeof called === 'string' && /^[\x21-\x7e]{1,64}$/.test(called)
    ? undefined
    : `must have a name of 1 to 64 printable ASCII characters without spaces, not ${show(called)}`;
};

export const interceptor: Rule = (value) => {
  const fault = object(value);
  if (fault !== undefined) return fault;
  const given = ['send', 'handle'].filter((hook) => Reflect.get(value as object, hook) !== undefined);
  if (given.length === 0) return 'has neither send nor handle, so it does nothing';
  const wrong = given.find((hook) => typeof Reflect.get(value as object, hook) !== 'function');
  return wrong === undefined ? undefined : `has a ${wrong} that is no function`;
};

export const metadata: Rule = (value) => {
  const fault = object(value);
  if (fault !== undefined) return fault;
  const wrong = Object.entries(value as object).filter(([, each]) =>
    typeof each === 'number' ? !Number.isFinite(each) : typeof each !== 'string' && typeof each !== 'boolean',
  );
  if (wrong.length > 0) {
    const names = wrong.map(([key]) => key).join(', ');
    return `may hold texts, finite numbers and booleans; ${names} ${wrong.length === 1 ? 'is none' : 'are none'} of them`;
  }
  const bytes = encodeMetadata(value as Metadata).length;
  return bytes <= metadataMaxBytes
    ? undefined
    : `takes ${bytes} bytes of the ${metadataMaxBytes} it may take`;
};

/** A value for people, shortly. What an object holds stays with it: it may be a secret. */
export function show(value: unknown): string {
  if (typeof value === 'string') {
    return JSON.stringify(value.length > shownMax ? `${value.slice(0, shownMax)}…` : value);
  }
  if (typeof value === 'function') return 'a function';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  return typeof value === 'bigint' ? `${value}n` : String(value);
}
