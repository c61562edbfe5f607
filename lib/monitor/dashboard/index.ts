/**
 * `offheap/dashboard`: a page on which operators watch pools, arenas, garbage collections and the event loop of a running process.
 *
 * @module offheap/dashboard
 */
export { type Dashboard, dashboard, type DashboardOptions } from './handler';
export { type DashboardServer, type DashboardServerOptions, startDashboard } from './server';
