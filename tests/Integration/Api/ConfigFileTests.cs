using System.Text;
using DeployHub.Integration.Hub;
using Xunit;

namespace DeployHub.Integration.Api;

public sealed class ConfigFileTests(ApiHost host) : IClassFixture<ApiHost>
{
    private ApiClient Api => host.Admin;

    [Fact]
    public async Task Text_is_kept_to_the_byte_and_stays_out_of_lists()
    {
        var shop = await Inventory.Bare(Api);
        const string content = "\uFEFF  a=${X}\r\n\tü😀 \n\n";
        var made = await Api.Post($"{shop.Root}/config-files", new { name = "app", filename = "app.ini", content, language = "ini" });
        var path = made.Headers["Location"];
        Assert.Equal((201, "\"1\""), (made.Status, made.Headers["ETag"]));
        var read = await Api.Get(path);
        var file = read.Json!["configFile"]!;
        Assert.Equal((content, false, Encoding.UTF8.GetByteCount(content), 1, "\"1\""), (
            (string)file["content"]!, (bool)file["isBinary"]!, (int)file["size"]!, (int)file["version"]!, read.Headers["ETag"]));
        var listed = (await Api.Get($"{shop.Root}/config-files")).Json!["configFiles"]!.AsArray().Single()!;
        Assert.Equal((null, null, (int)file["size"]!), ((string?)listed["content"], (string?)listed["contentBase64"], (int)listed["size"]!));

        var bytes = Convert.ToBase64String([0, 255, 1]);
        var binary = (await Api.Patch(path, new { contentBase64 = bytes })).Json!["configFile"]!;
        Assert.Equal((bytes, null, true, 2), ((string)binary["contentBase64"]!, (string?)binary["content"], (bool)binary["isBinary"]!, (int)binary["version"]!));
        Assert.Equal(204, (await Api.Delete(path)).Status);
        ErrorTests.Says(await Api.Get(path), 404, "NOT_FOUND", null);
    }

    [Theory]
    [InlineData("{\"name\":\"x\",\"filename\":\"x\"}", "content")]
    [InlineData("{\"name\":\"x\",\"filename\":\"x\",\"content\":\"\",\"contentBase64\":\"\"}", "content")]
    [InlineData("{\"name\":\"x\",\"filename\":\"x\",\"content\":1}", "content")]
    [InlineData("{\"name\":\"x\",\"filename\":\"x\",\"contentBase64\":\"&\"}", "contentBase64")]
    [InlineData("{\"name\":\"x\",\"filename\":\"a/b\",\"content\":\"\"}", "filename")]
    [InlineData("{\"name\":\"x\",\"filename\":\"..\",\"content\":\"\"}", "filename")]
    [InlineData("{\"name\":\"\",\"filename\":\"x\",\"content\":\"\"}", "name")]
    [InlineData("{\"name\":\"x\",\"filename\":\"x\",\"content\":\"\",\"language\":\"\"}", "language")]
    [InlineData("{\"name\":\"x\",\"filename\":\"x\",\"content\":\"\",\"mode\":\"0644\"}", "mode")]
    public async Task A_file_that_cannot_be_is_a_400_that_names_the_field(string body, string field)
    {
        var shop = await Inventory.Bare(Api);
        ErrorTests.Says(await Api.Post($"{shop.Root}/config-files", body), 400, "VALIDATION_ERROR", field);
    }

    [Fact]
    public async Task Content_is_at_most_one_mebibyte_and_a_body_two()
    {
        var shop = await Inventory.Bare(Api);
        var path = $"{shop.Root}/config-files";
        Assert.Equal(201, (await Api.Post(path, new { name = "a", filename = "a", content = new string('x', 1 << 20) })).Status);
        Assert.Equal(201, (await Api.Post(path, new { name = "b", filename = "b", contentBase64 = Convert.ToBase64String(new byte[1 << 20]) })).Status);
        ErrorTests.Says(await Api.Post(path, new { name = "c", filename = "c", content = new string('x', (1 << 20) + 1) }), 400, "VALIDATION_ERROR", "content");
        ErrorTests.Says(await Api.Post(path, new { name = "c", filename = "c", content = new string('x', 2 << 20) }), 413, "VALIDATION_ERROR", null);
    }

    [Fact]
    public async Task Every_version_is_kept_and_can_be_brought_back()
    {
        var shop = await Inventory.Bare(Api);
        var path = $"/api/config-files/{await shop.AddFile(Api, "app", "one")}";
        await Api.Patch(path, new { content = "two" });
        await Api.Patch(path, new { description = "said" });
        await Api.Patch(path, new { content = "two" });
        var versions = (await Api.Get($"{path}/history")).Json!["versions"]!.AsArray();
        Assert.Equal([2, 1], versions.Select(x => (int)x!["version"]!));
        Assert.Equal(("admin", 3, Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData("one"u8))), (
            (string)versions[1]!["createdBy"]!, (int)versions[1]!["size"]!, (string)versions[1]!["sha256"]!));

        var restored = (await Api.Post($"{path}/restore/{versions[1]!["versionId"]}")).Json!["configFile"]!;
        Assert.Equal(("one", 4, "said"), ((string)restored["content"]!, (int)restored["version"]!, (string)restored["description"]!));
        Assert.Equal([4, 2, 1], (await Api.Get($"{path}/history")).Json!["versions"]!.AsArray().Select(x => (int)x!["version"]!));
        ErrorTests.Says(await Api.Post($"{path}/restore/{Guid.NewGuid()}"), 404, "NOT_FOUND", null);
    }

    [Fact]
    public async Task A_lost_update_is_a_409_and_changes_nothing()
    {
        var shop = await Inventory.Bare(Api);
        var path = $"/api/config-files/{await shop.AddFile(Api, "app", "one")}";
        Assert.Equal(200, (await Api.Send(HttpMethod.Patch, path, new { content = "two" }, ("If-Match", "\"1\""))).Status);
        ErrorTests.Says(await Api.Send(HttpMethod.Patch, path, new { content = "three" }, ("If-Match", "\"1\"")), 409, "CONFLICT", "If-Match");
        ErrorTests.Says(await Api.Send(HttpMethod.Delete, path, null, ("If-Match", "\"1\"")), 409, "CONFLICT", "If-Match");
        ErrorTests.Says(await Api.Send(HttpMethod.Patch, path, new { content = "three" }, ("If-Match", "2")), 400, "VALIDATION_ERROR", "If-Match");
        Assert.Equal("two", (string)(await Api.Get(path)).Json!["configFile"]!["content"]!);
        var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(i => Api.Send(HttpMethod.Patch, path, new { content = $"at once {i}" }, ("If-Match", "\"2\""))));
        Assert.Single(answers, answer => answer.Status == 200);
        Assert.All(answers.Where(answer => answer.Status != 200), answer => ErrorTests.Says(answer, 409, "CONFLICT", "If-Match"));
        Assert.Equal(204, (await Api.Send(HttpMethod.Delete, path, null, ("If-Match", "*"))).Status);
    }

    [Fact]
    public async Task What_only_the_server_sets_is_refused()
    {
        var shop = await Inventory.Bare(Api);
        var path = $"/api/config-files/{await shop.AddFile(Api, "app", "one")}";
        ErrorTests.Says(await Api.Patch(path, new { version = 1 }), 400, "READONLY_FIELD", "version");
        ErrorTests.Says(await Api.Post($"{shop.Root}/config-files", new { name = "app", filename = "x", content = "" }), 409, "CONFLICT", "name");
    }

    [Theory]
    [InlineData("{\"targetPath\":\"/opt/a\"}", "configFileId")]
    [InlineData("{\"configFileId\":\"01a20040-3c8c-7573-ac37-33474eb3b44e\",\"targetPath\":\"/opt/a\"}", "configFileId")]
    [InlineData("{\"configFileId\":\"$\",\"targetPath\":\"opt/a\"}", "targetPath")]
    [InlineData("{\"configFileId\":\"$\",\"targetPath\":\"/opt/../a\"}", "targetPath")]
    [InlineData("{\"configFileId\":\"$\",\"targetPath\":\"/opt/\"}", "targetPath")]
    [InlineData("{\"configFileId\":\"$\",\"targetPath\":\"/opt/a\",\"mode\":\"4755\"}", "mode")]
    [InlineData("{\"configFileId\":\"$\",\"targetPath\":\"/opt/a\",\"mode\":420}", "mode")]
    [InlineData("{\"configFileId\":\"$\",\"targetPath\":\"/opt/a\",\"uid\":-1}", "uid")]
    [InlineData("{\"configFileId\":\"$\",\"targetPath\":\"/opt/a\",\"onChange\":\"reboot\"}", "onChange")]
    [InlineData("{\"configFileId\":\"$\",\"targetPath\":\"/opt/a\",\"onChange\":\"signal\"}", "signal")]
    [InlineData("{\"configFileId\":\"$\",\"targetPath\":\"/opt/a\",\"signal\":\"SIGHUP\"}", "signal")]
    [InlineData("{\"configFileId\":\"$\",\"targetPath\":\"/opt/a\",\"onChange\":\"signal\",\"signal\":\"SIGKILL\"}", "signal")]
    [InlineData("{\"configFileId\":\"$\",\"targetPath\":\"/opt/a\",\"serviceDeploymentId\":\"01a20040-3c8c-7573-ac37-33474eb3b44e\"}", "serviceDeploymentId")]
    public async Task An_attachment_that_cannot_be_is_a_400_that_names_the_field(string body, string field)
    {
        var shop = await Inventory.WithService(Api);
        var file = await shop.AddFile(Api, "app", "one");
        ErrorTests.Says(
            await Api.Post($"/api/services/{shop.ServiceId}/files", body.Replace("$", file, StringComparison.Ordinal)), 400, "VALIDATION_ERROR", field);
    }

    [Fact]
    public async Task A_file_is_attached_once_at_a_path_and_keeps_what_it_needs_from_being_deleted()
    {
        var shop = await Inventory.WithService(Api);
        var (file, files) = (await shop.AddFile(Api, "app", "one"), $"/api/services/{shop.ServiceId}/files");
        var made = (await Api.Post(files, new { configFileId = file, targetPath = "/opt/a.env" })).Json!["file"]!;
        Assert.Equal(("0600", "nothing", null), ((string)made["mode"]!, (string)made["onChange"]!, (string?)made["signal"]));
        ErrorTests.Says(await Api.Post(files, new { configFileId = file, targetPath = "/opt/a.env" }), 409, "CONFLICT", "targetPath");
        var own = (await Api.Post(files, new { configFileId = file, targetPath = "/opt/a.env", serviceDeploymentId = shop.DeploymentId })).Json!["file"]!;
        ErrorTests.Says(await Api.Post(files, new { configFileId = file, targetPath = "/opt/a.env", serviceDeploymentId = shop.DeploymentId }), 409, "CONFLICT", "targetPath");

        var changed = (await Api.Patch($"{files}/{made["id"]}", new { mode = "0640", uid = 7, onChange = "signal", signal = "SIGHUP" })).Json!["file"]!;
        Assert.Equal(("0640", 7, "SIGHUP"), ((string)changed["mode"]!, (int)changed["uid"]!, (string)changed["signal"]!));
        Assert.Null((string?)(await Api.Patch($"{files}/{made["id"]}", new { onChange = "restart" })).Json!["file"]!["signal"]);
        ErrorTests.Says(await Api.Patch($"{files}/{made["id"]}", new { configFileId = file }), 400, "READONLY_FIELD", "configFileId");
        foreach (var (path, user) in new[]
        {
            ($"/api/config-files/{file}", "the service «api» at «/opt/a.env»"), ($"/api/services/{shop.ServiceId}", "the config file «app» at «/opt/a.env»"),
            ($"/api/services/{shop.ServiceId}/deployments/{shop.DeploymentId}", "the config file «app» at «/opt/a.env»"), (shop.Root, "config file «app»"),
        })
        {
            var refused = await Api.Delete(path);
            ErrorTests.Says(refused, 409, "CONFLICT", null);
            Assert.Contains(user, refused.Text, StringComparison.Ordinal);
        }

        Assert.Equal(204, (await Api.Delete($"{files}/{own["id"]}")).Status);
        Assert.Equal(204, (await Api.Delete($"{files}/{made["id"]}")).Status);
        Assert.Empty((await Api.Get(files)).Json!["files"]!.AsArray());
        Assert.Equal(204, (await Api.Delete($"/api/config-files/{file}")).Status);
    }

    [Fact]
    public async Task Of_many_that_take_a_path_at_once_one_gets_it()
    {
        var shop = await Inventory.WithService(Api);
        var file = await shop.AddFile(Api, "app", "one");
        var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(
            _ => Api.Post($"/api/services/{shop.ServiceId}/files", new { configFileId = file, targetPath = "/opt/a" })));
        Assert.Single(answers, answer => answer.Status == 201);
    }

    [Fact]
    public async Task A_signal_cannot_reach_a_container_that_binds_the_file_itself()
    {
        var shop = await Inventory.Bare(Api);
        var service = Inventory.Id(await Api.Create($"{shop.Root}/services", new
        {
            name = "web", containerImageId = shop.ImageId, container = new { volumes = new[] { new { source = "/opt/web.conf", target = "/etc/web.conf" } } },
        }));
        var file = await shop.AddFile(Api, "web", "one");
        var refused = await Api.Post($"/api/services/{service}/files", new { configFileId = file, targetPath = "/opt/web.conf", onChange = "signal", signal = "SIGHUP" });
        ErrorTests.Says(refused, 400, "VALIDATION_ERROR", "onChange");
        Assert.Contains("restart", refused.Text, StringComparison.Ordinal);
        Assert.Equal(201, (await Api.Post($"/api/services/{service}/files", new { configFileId = file, targetPath = "/opt/web.conf", onChange = "restart" })).Status);
    }

    [Fact]
    public async Task Variables_are_shown_and_secrets_never()
    {
        var shop = await Inventory.Bare(Api);
        var variable = (await Api.Post($"{shop.Root}/vars", new { name = "HOST", value = "db " })).Json!["variable"]!;
        Assert.Equal("db ", (string)variable["value"]!);
        var secret = await Api.Post($"{shop.Root}/secrets", new { name = "PASSWORD", value = "hunter2-hunter2" });
        var path = secret.Headers["Location"];
        var changed = await Api.Patch(path, new { value = "hunter3-hunter3" });
        foreach (var answer in new[] { secret, changed, await Api.Get($"{shop.Root}/secrets"), await Api.Get($"{shop.Root}/vars") })
        {
            Assert.True(answer.Status is 200 or 201);
            Assert.DoesNotContain("hunter", answer.Text, StringComparison.Ordinal);
        }

        ErrorTests.Says(await Api.Post($"{shop.Root}/vars", new { name = "PASSWORD", value = "x" }), 409, "CONFLICT", "name");
        ErrorTests.Says(await Api.Post($"{shop.Root}/vars", new { name = "SERVER_NAME", value = "x" }), 400, "VALIDATION_ERROR", "name");
        ErrorTests.Says(await Api.Post($"{shop.Root}/vars", new { name = "9", value = "x" }), 400, "VALIDATION_ERROR", "name");
        ErrorTests.Says(await Api.Post($"{shop.Root}/vars", new { name = "X", value = new string('x', 65537) }), 400, "VALIDATION_ERROR", "value");
        ErrorTests.Says(await Api.Post($"{shop.Root}/secrets", new { name = "X", value = "" }), 400, "VALIDATION_ERROR", "value");
        ErrorTests.Says(await Api.Patch(path, new { name = "OTHER" }), 400, "READONLY_FIELD", "name");
        ErrorTests.Says(await Api.Patch(path.Replace("secrets", "vars", StringComparison.Ordinal), new { value = "x" }), 404, "NOT_FOUND", null);
        Assert.Contains("secret «PASSWORD»", (await Api.Delete(shop.Root)).Text, StringComparison.Ordinal);
        Assert.Equal(204, (await Api.Delete(path)).Status);
        Assert.Equal(204, (await Api.Delete($"/api/vars/{variable["id"]}")).Status);
    }

    [Fact]
    public async Task A_server_says_which_folders_may_be_written()
    {
        var shop = await Inventory.Bare(Api);
        var path = $"/api/servers/{shop.ServerId}";
        Assert.Null((await Api.Get(path)).Json!["server"]!["writableFolders"]);
        var changed = await Api.Patch(path, new { writableFolders = new[] { "/var/lib/app", "/opt" } });
        Assert.Equal(["/var/lib/app", "/opt"], changed.Json!["server"]!["writableFolders"]!.AsArray().Select(x => (string)x!));
        ErrorTests.Says(await Api.Patch(path, new { writableFolders = new[] { "/opt", "/" } }), 400, "VALIDATION_ERROR", "writableFolders[1]");
        ErrorTests.Says(await Api.Patch(path, new { writableFolders = new[] { "/opt/../x" } }), 400, "VALIDATION_ERROR", "writableFolders[0]");
        Assert.Null((await Api.Patch(path, "{\"writableFolders\":null}")).Json!["server"]!["writableFolders"]);
    }
}
