/** Keeps the Temporal SDK's information lines out of test output. Importing it is enough, once. */
import { DefaultLogger, Runtime } from '@temporalio/worker';

Runtime.install({ logger: new DefaultLogger('ERROR') });
