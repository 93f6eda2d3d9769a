// Who the product is: an identity per process, so that each has only the roles that it needs.
@description('Region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Names begin with it.')
param prefix string

@description('The Function App: all functions in one process.')
resource function 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: '${prefix}-function'
  location: location
  tags: tags
}

@description('rag-api on Kubernetes: answers requests.')
resource api 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: '${prefix}-api'
  location: location
  tags: tags
}

@description('rag-ingest and rag-reconcile on Kubernetes: work off the queues.')
resource ingest 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: '${prefix}-ingest'
  location: location
  tags: tags
}

@description('The operator of KEDA: looks at queues and metrics.')
resource keda 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: '${prefix}-keda'
  location: location
  tags: tags
}

@description('Event Grid: puts storage events on the queue.')
resource events 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: '${prefix}-events'
  location: location
  tags: tags
}

@description('Object ids, which roles are given to.')
output principals object = {
  function: function.properties.principalId
  api: api.properties.principalId
  ingest: ingest.properties.principalId
  keda: keda.properties.principalId
  events: events.properties.principalId
}

@description('Client ids, which processes ask for tokens with.')
output clients object = {
  function: function.properties.clientId
  api: api.properties.clientId
  ingest: ingest.properties.clientId
  keda: keda.properties.clientId
}

output functionId string = function.id
output eventsId string = events.id
output apiName string = api.name
output ingestName string = ingest.name
output kedaName string = keda.name
