// The operations of the API's document as types: what each is given, and what it answers.
// A body that the server would refuse for a name or a type is refused when this is built.

import type { paths } from "./openapi.js";

type Base = "/api/v1/voip";
type Method = "get" | "post" | "put" | "patch" | "delete";

// Route is an operation: "POST /calls/{id}/transfer".
export type Route = {
  [P in keyof paths]: P extends `${Base}${infer Rest}`
    ? { [M in Method]: paths[P][M] extends { responses: unknown } ? `${Uppercase<M>} ${Rest}` : never }[Method]
    : never;
}[keyof paths];

type Operation<R extends Route> = R extends `${infer M} ${infer Rest}`
  ? `${Base}${Rest}` extends keyof paths
    ? Lowercase<M> extends keyof paths[`${Base}${Rest}`] ? paths[`${Base}${Rest}`][Lowercase<M>] : never
    : never
  : never;

type Ids<O> = O extends { parameters: { path: infer P } } ? P : Record<never, never>;
type Query<O> = O extends { parameters: { query?: infer Q } } ? (Q extends undefined ? undefined : Q) : undefined;
type Content<T> = T extends { content: { "application/json": infer B } } ? B : never;
type Bodies<O> = O extends { requestBody: infer B }
  ? { body: Content<B> }
  : O extends { requestBody?: infer B } ? { body?: Content<Exclude<B, undefined>> } : { body?: never };

// Options are a request's, with the body and the query that an operation takes.
type Options<R extends Route, Request> = Omit<Request, "body"> & Bodies<Operation<R>> & { query?: Query<Operation<R>> };

// Args are what follows a route: the ids in its path, and its options; what it needs cannot be
// left out.
export type Args<R extends Route, Request> = Record<never, never> extends Bodies<Operation<R>>
  ? keyof Ids<Operation<R>> extends never
    ? [ids?: Record<never, never>, options?: Options<R, Request>]
    : [ids: Ids<Operation<R>>, options?: Options<R, Request>]
  : [ids: Ids<Operation<R>>, options: Options<R, Request>];

// Answer is what an operation answers where it is done: null where that is nothing.
export type Answer<R extends Route> = Operation<R> extends { responses: infer A }
  ? { [S in keyof A & (200 | 201 | 202)]: Content<A[S]> }[keyof A & (200 | 201 | 202)] extends infer B
    ? [B] extends [never] ? null : B
    : never
  : never;
