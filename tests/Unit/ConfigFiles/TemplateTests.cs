using System.Text;
using DeployHub.Domain.ConfigFiles;
using Xunit;

namespace DeployHub.Unit.ConfigFiles;

public class TemplateTests
{
    private static readonly Dictionary<string, string> Values = new() { ["A"] = "1", ["B_2"] = "${A}", ["_c"] = "", ["D"] = "$${A}", ["E"] = "é\r\n" };

    [Theory]
    [InlineData("", "")]
    [InlineData("x", "x")]
    [InlineData("${A}", "1")]
    [InlineData("a${A}${A}b", "a11b")]
    [InlineData("${_c}", "")]
    [InlineData("$${A}", "${A}")]
    [InlineData("$${MISSING}", "${MISSING}")]
    [InlineData("$$${A}", "$${A}")]
    [InlineData("$$$${A}", "$$${A}")]
    [InlineData("$A $ $$ ${ } $} ${} $${}", "$A $ $$ ${ } $} ${} $${}")]
    [InlineData("${A", "${A")]
    [InlineData("${A-x} ${A:-x} ${ A } ${1A} ${A.B} ${Ä}", "${A-x} ${A:-x} ${ A } ${1A} ${A.B} ${Ä}")]
    [InlineData("${${A}}", "${1}")]
    [InlineData("${B_2}", "${A}")]
    [InlineData("${D}", "$${A}")]
    [InlineData("  x \r\n\t${E} ", "  x \r\n\té\r\n ")]
    [InlineData("\uFEFF${A}\n\n", "\uFEFF1\n\n")]
    [InlineData("😀${A}", "😀1")]
    public void Names_are_replaced_once_and_all_else_is_kept(string template, string rendered)
    {
        var made = Render(template);
        Assert.Equal(rendered, Encoding.UTF8.GetString(made.Bytes!));
        Assert.Empty(made.Missing);
    }

    [Fact]
    public void Every_missing_name_is_told_once_in_the_order_of_the_text()
    {
        var made = Render("${Z} ${A} ${Y} ${Z} $${X} ${a}");
        Assert.Null(made.Bytes);
        Assert.Equal(["Z", "Y", "a"], made.Missing);
    }

    [Fact]
    public void What_is_no_text_is_left_alone()
    {
        byte[] bytes = [0xff, (byte)'$', (byte)'{', (byte)'A', (byte)'}', 0];
        Assert.Same(bytes, Template.Render(bytes, Values).Bytes);
    }

    [Fact]
    public void A_template_cannot_become_larger_than_what_is_written()
    {
        var values = new Dictionary<string, string> { ["A"] = new('x', 64 * 1024) };
        Assert.True(Template.Render(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("${A}", 65))), values).TooLarge);
        Assert.Equal(Template.LargestBytes, Template.Render(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("${A}", 64))), values).Bytes!.Length);
    }

    [Fact]
    public void Built_in_names_stand_over_others()
    {
        var values = ValueNames.ForTarget(new Dictionary<string, string> { ["X"] = "x", ["SERVER_NAME"] = "?" }, "prod", "api", "web-1", "api-c");
        var made = Template.Render("${X} ${ENVIRONMENT_NAME} ${SERVICE_NAME} ${SERVER_NAME} ${CONTAINER_NAME}"u8.ToArray(), values);
        Assert.Equal("x prod api web-1 api-c", Encoding.UTF8.GetString(made.Bytes!));
    }

    [Theory]
    [InlineData("A", true)]
    [InlineData("_a9", true)]
    [InlineData("", false)]
    [InlineData("9a", false)]
    [InlineData("a-b", false)]
    [InlineData("a\n", false)]
    [InlineData("É", false)]
    public void Names_are_those_of_shells(string name, bool good) => Assert.Equal(good, ValueNames.IsName(name));

    [Fact]
    public void A_name_has_at_most_128_characters() =>
        Assert.Equal((true, false), (ValueNames.IsName(new string('a', 128)), ValueNames.IsName(new string('a', 129))));

    private static Rendering Render(string template) => Template.Render(Encoding.UTF8.GetBytes(template), Values);
}
