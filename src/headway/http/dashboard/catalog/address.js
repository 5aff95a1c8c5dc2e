// Where a data set or a model is found: in the API, and on this dashboard.

export const pathOf = (kind, reference) => `/api/v1/${kind}s/${encodeURIComponent(reference)}`;
export const addressOf = (kind, reference) => `#/${kind}s/${encodeURIComponent(reference)}`;
