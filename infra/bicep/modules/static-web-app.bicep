// The chat page by itself, on a content network. It is not linked to the Function App, which would put a token of
// the platform in place of `Authorization`: pages call the API across origins instead.
@description('Region; few have Static Web Apps.')
param location string

@description('Tags of every resource.')
param tags object

@description('Name of the app.')
param name string

resource app 'Microsoft.Web/staticSites@2025-03-01' = {
  name: name
  location: location
  tags: tags
  sku: {
    name: 'Standard'
    tier: 'Standard'
  }
  properties: {
    allowConfigFileUpdates: true
    stagingEnvironmentPolicy: 'Disabled'
  }
}

output name string = app.name
output origin string = 'https://${app.properties.defaultHostname}'
