using System.Collections.Generic;
using System.Linq;
using Starling.Core.Owner;

namespace Starling.Tests.Core.Owner;

public sealed class WeekHoursTests
{
    private const int Hour = 60;

    [Fact]
    public void A_range_over_midnight_belongs_to_the_day_on_which_it_begins()
    {
        WeekHours hours = Of(("mon-fri", "18:00-08:00"), ("sat", "all"));

        Assert.False(hours[At(0, 0, 0)]);
        Assert.False(hours[At(0, 17, 59)]);
        Assert.True(hours[At(0, 18, 0)]);
        Assert.True(hours[At(1, 7, 59)]);
        Assert.False(hours[At(1, 8, 0)]);
        Assert.True(hours[At(5, 0, 0)]);
        Assert.True(hours[At(5, 23, 59)]);
        Assert.False(hours[At(6, 0, 0)]);
    }

    [Fact]
    public void Sunday_night_goes_on_into_monday()
    {
        WeekHours hours = Of(("sun", "22:30-06:15"));

        Assert.True(hours[At(6, 22, 30)]);
        Assert.True(hours[At(0, 6, 14)]);
        Assert.False(hours[At(0, 6, 15)]);
        Assert.Equal(At(0, 6, 15), hours.NextChange(At(6, 23, 0)));
        Assert.Equal(At(6, 22, 30), hours.NextChange(At(3, 0, 0)));
    }

    [Theory]
    [InlineData("all", "all")]
    [InlineData("none", "none")]
    [InlineData("00:00-24:00", "all")]
    [InlineData("0:05-0:06, 23:59-24:00", "{mon: \"00:05-00:06, 23:59-24:00\"")]
    public void Hours_of_every_day_are_written_as_they_are_read(string text, string begins)
    {
        Assert.True(WeekHours.TryParseEveryDay(text, out WeekHours? hours, out _));
        Assert.StartsWith(begins, hours.ToString(), System.StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("moon", "all", "moon: this names no days")]
    [InlineData("mon-tue-wed", "all", "mon-tue-wed: this names no days")]
    [InlineData("", "all", ": this names no days")]
    [InlineData("mon", "9-17", "mon: '9-17' are no hours")]
    [InlineData("mon", "09:00-25:00", "mon: '09:00-25:00' are no hours")]
    [InlineData("mon", "09:60-10:00", "mon: '09:60-10:00' are no hours")]
    [InlineData("mon", "24:01-10:00", "mon: '24:01-10:00' are no hours")]
    [InlineData("mon", "24:00-10:00", "mon: '24:00-10:00' are no hours")]
    [InlineData("mon", "08:00-08:00", "mon: '08:00-08:00' are no hours")]
    [InlineData("mon", "-1:00-08:00", "mon: '-1:00-08:00' are no hours")]
    [InlineData("mon", "", "mon: '' are no hours")]
    public void What_is_no_day_or_hour_is_named(string days, string hours, string fault)
    {
        Assert.False(WeekHours.TryParse([new(days, hours)], out _, out string told));
        Assert.Equal(fault, told);
    }

    [Fact]
    public void A_day_is_named_once()
    {
        Assert.False(WeekHours.TryParse([new("mon-fri", "all"), new("fri-sun", "none")], out _, out string fault));
        Assert.Equal("fri-sun: fri is named twice", fault);
    }

    [Fact]
    public void A_grid_has_a_sign_for_each_hour()
    {
        string night = "######............######";
        Assert.True(WeekHours.TryParseGrid([.. Enumerable.Repeat(night, 6), new string('#', 24)], out WeekHours? hours, out _));

        Assert.True(hours[At(0, 5, 59)]);
        Assert.False(hours[At(0, 6, 0)]);
        Assert.True(hours[At(0, 18, 0)]);
        Assert.True(hours[At(6, 12, 0)]);
        Assert.False(WeekHours.TryParseGrid([night], out _, out string rows));
        Assert.Equal("a grid has 7 rows, one a day from Monday on, not 1", rows);
        Assert.False(WeekHours.TryParseGrid([.. Enumerable.Repeat("#", 7)], out _, out string signs));
        Assert.StartsWith("row mon, '#'", signs, System.StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_written_is_read_as_the_same()
    {
        WeekHours hours = Of(("fri-mon", "10:00-02:30, 05:00-06:00"), ("wed", "all"));
        KeyValuePair<string, string>[] days =
        [
            .. hours.ToString().Trim('{', '}').Split(", ").Aggregate(new List<string>(), (parts, part) =>
            {
                // Commas between the ranges of a day are no borders between days.
                if (parts.Count > 0 && part.Length > 0 && char.IsAsciiDigit(part[0]))
                {
                    parts[^1] += ", " + part;
                }
                else
                {
                    parts.Add(part);
                }

                return parts;
            }).Select(part => new KeyValuePair<string, string>(part[..3], part[5..].Trim('"'))),
        ];

        Assert.True(WeekHours.TryParse(days, out WeekHours? again, out string fault), fault);
        Assert.Equal(hours, again);
    }

    private static WeekHours Of(params (string Days, string Hours)[] days)
    {
        Assert.True(WeekHours.TryParse([.. days.Select(day => new KeyValuePair<string, string>(day.Days, day.Hours))], out WeekHours? hours, out string fault), fault);
        return hours;
    }

    private static int At(int day, int hour, int minute) => (day * WeekHours.Day) + (hour * Hour) + minute;
}
