// The resources of one deployment, into a resource group that exists.
targetScope = 'resourceGroup'

@description('Region of every resource.')
param location string = resourceGroup().location

@description('Name of the storage account: 3 to 24 lower-case letters and digits, unique in Azure.')
@minLength(3)
@maxLength(24)
param storageName string = 'rag${uniqueString(resourceGroup().id)}'

@description('Origins of the chat page, such as https://app.example.com: it uploads to the container itself.')
param pageOrigins array = []

module storage 'modules/storage.bicep' = {
  name: 'storage'
  params: {
    location: location
    name: storageName
    pageOrigins: pageOrigins
  }
}

output storageName string = storage.outputs.name
