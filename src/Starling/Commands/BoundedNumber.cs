using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace Starling.Commands;

/// <summary>Options that take a whole number within bounds, with messages that name both.</summary>
internal static class BoundedNumber
{
    public static Option<int?> Option(string name, int low, int high, string description, string helpName = "N") => new(name)
    {
        Description = description,
        HelpName = helpName,
        CustomParser = result => Parse(result, name, low, high),
    };

    private static int? Parse(ArgumentResult result, string name, int low, int high)
    {
        string text = result.Tokens[0].Value;
        if (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value) && value >= low && value <= high)
        {
            return value;
        }

        result.AddError($"{name} {text}: give a whole number from {low} to {high}.");
        return null;
    }
}
