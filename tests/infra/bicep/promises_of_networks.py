"""From where services are reached. See promises.py."""

from tests.infra.bicep.promises import Made, at, promise

PRIVATE = {
    "blob": "Microsoft.Storage/storageAccounts",
    "queue": "Microsoft.Storage/storageAccounts",
    "account": "Microsoft.CognitiveServices/accounts",
    "searchService": "Microsoft.Search/searchServices",
    "vault": "Microsoft.KeyVault/vaults",
    "MongoCluster": "Microsoft.DocumentDB/mongoClusters",
    "redisEnterprise": "Microsoft.Cache/redisEnterprise",
    "registry": "Microsoft.ContainerRegistry/registries",
}
ZONES = {
    "blob": "privatelink.blob.core.windows.net",
    "queue": "privatelink.queue.core.windows.net",
    "account": "privatelink.openai.azure.com",
    "searchService": "privatelink.search.windows.net",
    "vault": "privatelink.vaultcore.azure.net",
    "MongoCluster": "privatelink.mongocluster.cosmos.azure.com",
    "redisEnterprise": "privatelink.redis.azure.net",
    "registry": "privatelink.azurecr.io",
}
WITH_RULES = (
    "Microsoft.Storage/storageAccounts",
    "Microsoft.CognitiveServices/accounts",
    "Microsoft.KeyVault/vaults",
)
OPEN = {"Microsoft.Web/sites", "Microsoft.Dashboard/grafana", "Microsoft.ContainerRegistry/registries"}


@promise
def in_prod_services_answer_inside_the_network_only(made: Made) -> None:
    network = made.prod.one("Microsoft.Network/virtualNetworks")
    endpoints = made.prod.of("Microsoft.Network/privateEndpoints")
    found = {}
    for each in endpoints:
        assert each.properties["subnet"]["id"] == f"{network.id}/subnets/endpoints"
        (link,) = each.properties["privateLinkServiceConnections"]
        (part,) = link["properties"]["groupIds"]
        found[part] = link["properties"]["privateLinkServiceId"]
    assert found == {part: made.prod.one(kind).id for part, kind in PRIVATE.items()}
    for kind in set(PRIVATE.values()) - OPEN:
        assert made.prod.one(kind).properties["publicNetworkAccess"].lower() == "disabled", kind
    for kind in WITH_RULES:
        assert at(made.prod.one(kind).properties, "networkAcls.defaultAction") == "Deny", kind
    assert not made.prod.of("Microsoft.DocumentDB/mongoClusters/firewallRules")
    assert not made.dev.of("Microsoft.Network/privateEndpoints")


@promise
def private_names_lead_to_private_addresses(made: Made) -> None:
    network = made.prod.one("Microsoft.Network/virtualNetworks")
    zones = made.prod.of("Microsoft.Network/privateDnsZones")
    assert {zone.name for zone in zones} == set(ZONES.values())
    links = made.prod.of("Microsoft.Network/privateDnsZones/virtualNetworkLinks")
    assert {link.name.partition("/")[0] for link in links} == set(ZONES.values())
    assert all(link.properties["virtualNetwork"]["id"] == network.id for link in links)
    for endpoint in made.prod.of("Microsoft.Network/privateEndpoints"):
        (part,) = endpoint.properties["privateLinkServiceConnections"][0]["properties"]["groupIds"]
        (group,) = [
            each
            for each in made.prod.of("Microsoft.Network/privateEndpoints/privateDnsZoneGroups")
            if each.name.startswith(f"{endpoint.name}/")
        ]
        (config,) = group.properties["privateDnsZoneConfigs"]
        assert config["properties"]["privateDnsZoneId"].endswith(f":{ZONES[part]}.id")


@promise
def in_prod_app_and_nodes_are_inside_the_network_with_a_way_out(made: Made) -> None:
    network = made.prod.one("Microsoft.Network/virtualNetworks")
    subnets = {each["name"]: each["properties"] for each in network.properties["subnets"]}
    app = made.prod.one("Microsoft.Web/sites").properties
    assert app["virtualNetworkSubnetId"] == f"{network.id}/subnets/functions"
    (delegation,) = subnets["functions"]["delegations"]
    assert delegation["properties"]["serviceName"] == "Microsoft.App/environments"
    cluster = made.prod.one("Microsoft.ContainerService/managedClusters").properties
    nodes = f"Microsoft.Network/virtualNetworks/subnets:{network.name}/cluster.id"
    assert {pool["vnetSubnetID"] for pool in cluster["agentPoolProfiles"]} == {nodes}
    assert cluster["networkProfile"]["outboundType"] == "userAssignedNATGateway"
    gateway = made.prod.one("Microsoft.Network/natGateways")
    assert all(subnets[name]["natGateway"]["id"] == gateway.id for name in ("functions", "cluster"))
    assert all("networkSecurityGroup" in subnet for subnet in subnets.values())
    web = next(
        group
        for group in made.prod.of("Microsoft.Network/networkSecurityGroups")
        if group.name.endswith("-web")
    )
    (rule,) = web.properties["securityRules"]
    assert rule["properties"]["destinationPortRanges"] == ["80", "443"]


@promise
def named_addresses_are_let_in_and_no_others(made: Made) -> None:
    named = made.changed(prod=("deployerAddresses = []", "deployerAddresses = ['203.0.113.0/24']")).prod
    vault = named.one("Microsoft.KeyVault/vaults").properties
    assert vault["networkAcls"]["ipRules"] == [{"value": "203.0.113.0/24"}]
    assert vault["networkAcls"]["defaultAction"] == "Deny"
    registry = named.one("Microsoft.ContainerRegistry/registries").properties
    assert registry["networkRuleSet"]["defaultAction"] == "Deny"
    assert registry["networkRuleSet"]["ipRules"] == [{"action": "Allow", "value": "203.0.113.0/24"}]
    asked = at(named.one("Microsoft.ContainerService/managedClusters").properties, "apiServerAccessProfile")
    assert len(asked["authorizedIPRanges"]) == 2  # the nodes' own way out is the other
    assert any("publicIPAddresses" in address for address in asked["authorizedIPRanges"])
    assert named.one("Microsoft.Storage/storageAccounts").properties["publicNetworkAccess"] == "Disabled"
