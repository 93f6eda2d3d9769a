// The Function App, on Flex Consumption. It is the public door, so it answers from everywhere.
@description('Region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Name of the app, and of its address.')
param name string

@description('Copies in several zones.')
param zoneRedundant bool

@description('Instances for HTTP that are never stopped; from 2 on a release finds one that answers.')
param alwaysReady int

@description('Most instances.')
param mostInstances int

@description('Requests that an instance answers at once. A streamed answer holds its place to the last word.')
param concurrency int

@description('Whether a release replaces instances one batch after the other, letting answers end. Not in every region yet.')
param rollingUpdates bool

@description('Subnet of its way out; none: empty.')
param subnetId string

@description('Container of the package.')
param deploymentsUrl string

@description('The identity that it is.')
param identityId string

@description('Origins of pages that may call it.')
param pageOrigins array

@description('Its settings, by name.')
param settings object

@description('Application Insights, where its traces go.')
param insightsName string

@description('Log Analytics workspace of the diagnostic settings.')
param workspaceId string

// An address: it opens nothing without an identity, since keys are off. The loop over settings must not wait for it.
var traces = 'APPLICATIONINSIGHTS_CONNECTION_STRING'
var named = union(settings, { APPLICATIONINSIGHTS_CONNECTION_STRING: '' })
var functionAppConfig = {
  deployment: {
    storage: {
      type: 'blobContainer'
      value: deploymentsUrl
      authentication: {
        type: 'UserAssignedIdentity'
        userAssignedIdentityResourceId: identityId
      }
    }
  }
  runtime: {
    name: 'python'
    version: '3.13'
  }
  scaleAndConcurrency: {
    instanceMemoryMB: 2048
    maximumInstanceCount: mostInstances
    alwaysReady: [
      {
        name: 'http'
        instanceCount: alwaysReady
      }
    ]
    triggers: {
      http: {
        perInstanceConcurrency: concurrency
      }
    }
  }
}

// Not among the types that compilers know yet.
var updates = rollingUpdates ? { siteUpdateStrategy: { type: 'RollingUpdate' } } : {}

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: insightsName
}

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  // checkov:skip=CKV_AZURE_225: a parameter; prod has several zones, dev one
  name: name
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    name: 'FC1'
    tier: 'FlexConsumption'
  }
  properties: {
    reserved: true
    zoneRedundant: zoneRedundant
  }
}

resource app 'Microsoft.Web/sites@2025-03-01' = {
  // checkov:skip=CKV_AZURE_222: it is the public door
  // checkov:skip=CKV_AZURE_17: callers sign in with tokens
  // checkov:skip=CKV_AZURE_78: publishing by password is off for FTP and everything else, see below
  // checkov:skip=CKV_AZURE_212: this plan counts instances in functionAppConfig; prod keeps two
  // checkov:skip=CKV_AZURE_213: this plan has no health checks
  name: name
  location: location
  tags: tags
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identityId}': {}
    }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    publicNetworkAccess: 'Enabled'
    clientAffinityEnabled: false
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    functionAppConfig: union(functionAppConfig, any(updates))
    siteConfig: {
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
      http20Enabled: true
      cors: {
        allowedOrigins: pageOrigins
        supportCredentials: false
      }
      appSettings: [for setting in items(named): {
        name: setting.key
        value: setting.key == traces ? insights.properties.ConnectionString : setting.value
      }]
    }
  }
}

// Packages are brought by Entra ID; publishing profiles and their passwords are off.
resource publishing 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01' = [for door in ['ftp', 'scm']: {
  parent: app
  name: door
  properties: {
    allow: false
  }
}]

// Its logs are in Application Insights already.
resource appMetrics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'workspace'
  scope: app
  properties: {
    workspaceId: workspaceId
    metrics: [
      {
        category: 'AllMetrics'
        enabled: true
      }
    ]
  }
}

output name string = app.name
output url string = 'https://${app.properties.defaultHostName}'
