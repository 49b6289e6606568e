#!/usr/bin/env node
// Starts the command line tool: lets this Node load TypeScript, then hands over to main.ts.
import { register } from 'tsx/esm/api';

register();
const { runFromProcess } = await import('./main.ts');
await runFromProcess();
