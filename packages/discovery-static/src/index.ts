export * from './static.ts';
