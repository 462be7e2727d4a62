#include "engine/facts/view_columns.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "engine/facts/node_tree.hpp"

namespace pgconvoy {
namespace {

// parsenodes.h and primnodes.h.
enum RangeKind { kRelation = 0, kSubquery = 1, kJoin = 2, kFunction = 3, kValues = 5, kCte = 6, kGroup = 9 };
enum SubLinkKind { kExpression = 4, kArray = 6 };
constexpr long kExplicitCast = 1;

// Where an expression stands: its query, and those around that.
struct Scope {
  const NodeTree* query = nullptr;
  const Scope* outer = nullptr;
};

using Found = std::optional<std::size_t>;

class Types {
 public:
  Types(const std::vector<SystemColumn>& columns, const std::set<long>& polymorphic) : columns_(columns), polymorphic_(polymorphic) {}

  // The query's output column of that number, from 1.
  Found of_output(const Scope& scope, long number) {
    const auto [known, is_new] = outputs_.try_emplace({scope.query, number}, std::nullopt);
    if (!is_new) return known->second;  // also of a recursive query, while it is looked at
    const bool combined = !scope.query->field("setOperations").items.empty();
    const Found found = combined ? of_combined(scope, number) : of(entry_of(*scope.query, number), scope);
    return outputs_[{scope.query, number}] = found;
  }

 private:
  static const NodeTree& entry_of(const NodeTree& query, long number) {
    static const NodeTree none;
    for (const NodeTree& entry : query.field("targetList").items)
      if (entry.number("resno") == number) return entry;
    return none;
  }

  // UNION and its kin: one subquery for each operand, from the left.
  Found of_combined(const Scope& scope, long number) {
    std::vector<Found> each;
    Found any;
    bool all = true;
    for (const NodeTree& range : scope.query->field("rtable").items) {
      if (range.number("rtekind") != kSubquery) continue;
      const Found found = of_output({&range.field("subquery"), &scope}, number);
      any = any ? any : found;
      all = all && found;
      each.push_back(found);
    }
    return any ? decided(*any, each.front().has_value(), all) : Found();
  }

  // Of several expressions that get one type (select_common_type): where the old and the new type turn into each other,
  // the first one's counts; else that which all can turn into.
  Found decided(std::size_t column, bool first, bool all) const {
    const SystemColumn& its = columns_[column];
    const bool taken = its.widens == its.narrows ? first : its.widens || all;
    return taken ? Found(column) : Found();
  }

  Found of(const NodeTree& node, const Scope& scope) {
    const std::string_view kind = node.text;
    if (kind == "TARGETENTRY") return of(node.field("expr"), scope);
    if (kind == "WHEN" || kind == "CASEWHEN") return of(node.field("result"), scope);
    if (kind == "VAR") return of_variable(node, node.number("varattno"), node.number("vartype"), scope);
    if (kind == "FIELDSELECT") {
      const NodeTree& row = node.field("arg");
      return row.text == "VAR" && row.number("varattno") == 0 ? of_variable(row, node.number("fieldnum"), node.number("resulttype"), scope) : Found();
    }
    if (kind == "SUBLINK") {
      const long how = node.number("subLinkType");
      return how == kExpression || how == kArray ? of_output({&node.field("subselect"), &scope}, 1) : Found();
    }
    if (kind == "COLLATE" || kind == "COLLATEEXPR") return of(node.field("arg"), scope);
    for (const std::string_view format : {"funcformat", "relabelformat", "coerceformat"})
      if (node.number(format) == kExplicitCast) return {};
    for (const std::string_view function : {"funcid", "opfuncid", "aggfnoid", "winfnoid"})
      if (const long oid = node.number(function); oid != 0 && kind != "NULLIFEXPR" && !polymorphic_.contains(oid)) return {};
    const Found found = of_common(operands(node), scope);
    return found && has_type(*found, type_of(node)) ? found : Found();
  }

  // What gives an expression its value, and so perhaps its type, the most significant first (parse_expr.c).
  static std::vector<const NodeTree*> operands(const NodeTree& node) {
    std::vector<const NodeTree*> operands;
    if (!node.field("defresult").text.empty()) operands.push_back(&node.field("defresult"));
    for (const std::string_view list : {"args", "elements"})
      for (const NodeTree& each : node.field(list).items) operands.push_back(&each);
    for (const std::string_view one : {"refexpr", "arg"})
      if (operands.empty() && !node.field(one).text.empty()) operands.push_back(&node.field(one));
    return operands;
  }

  // Those of other types are other arguments.
  Found of_common(const std::vector<const NodeTree*>& alternatives, const Scope& scope) {
    std::vector<Found> each;
    Found any;
    for (const NodeTree* alternative : alternatives) {
      each.push_back(of(*alternative, scope));
      if (!any) any = each.back();
    }
    if (!any) return {};
    bool first = true, all = true, is_first = true;
    for (std::size_t i = 0; i < each.size(); ++i) {
      const long type = type_of(*alternatives[i]);
      if (type != 0 && !has_type(*any, type)) continue;
      if (is_first) first = each[i].has_value();
      is_first = false;
      all = all && each[i];
    }
    return decided(*any, first, all);
  }

  Found of_variable(const NodeTree& variable, long number, long type, const Scope& scope) {
    const Scope* place = &scope;
    for (long up = variable.number("varlevelsup"); up > 0 && place; --up) place = place->outer;
    if (!place || number < 1) return {};
    const auto& ranges = place->query->field("rtable").items;
    const long range = variable.number("varno");
    if (range < 1 || static_cast<std::size_t>(range) > ranges.size()) return {};
    const Found found = of_range(ranges[static_cast<std::size_t>(range - 1)], number, *place);
    return found && has_type(*found, type) ? found : Found();
  }

  Found of_range(const NodeTree& range, long number, const Scope& scope) {
    const auto member = [&](const NodeTree& list) {
      static const NodeTree none;
      return static_cast<std::size_t>(number) <= list.items.size() ? &list.items[static_cast<std::size_t>(number - 1)] : &none;
    };
    switch (range.number("rtekind")) {
      case kRelation: return of_system(range.number("relid"), number);
      case kSubquery: return of_output({&range.field("subquery"), &scope}, number);
      case kJoin: return of(*member(range.field("joinaliasvars")), scope);
      case kGroup: return of(*member(range.field("groupexprs")), scope);
      case kCte: return of_common_table(range, number, scope);
      case kValues: {
        std::vector<const NodeTree*> rows;
        for (const NodeTree& row : range.field("values_lists").items) rows.push_back(member(row));
        return of_common(rows, scope);
      }
      case kFunction:
        for (const NodeTree& each : range.field("functions").items)
          if (const Found found = of(each.field("funcexpr"), scope)) return found;
        return {};
      default: return {};
    }
  }

  Found of_common_table(const NodeTree& range, long number, const Scope& scope) {
    const Scope* place = &scope;
    for (long up = range.number("ctelevelsup"); up > 0 && place; --up) place = place->outer;
    if (!place) return {};
    for (const NodeTree& table : place->query->field("cteList").items)
      if (table.field("ctename").text == range.field("ctename").text) return of_output({&table.field("ctequery"), place}, number);
    return {};
  }

  Found of_system(long relation, long number) const {
    const auto found = std::find_if(columns_.begin(), columns_.end(),
                                    [&](const SystemColumn& each) { return each.relation == relation && each.number == number; });
    return found == columns_.end() ? Found() : Found(found - columns_.begin());
  }

  bool has_type(std::size_t column, long type) const { return type == columns_[column].type || type == columns_[column].array_type; }

  // 0 when it isn't known.
  static long type_of(const NodeTree& node) {
    if (node.text == "TARGETENTRY") return type_of(node.field("expr"));
    if (node.text == "WHEN" || node.text == "CASEWHEN") return type_of(node.field("result"));
    for (const std::string_view name : {"vartype", "consttype", "funcresulttype", "opresulttype", "aggtype", "wintype", "coalescetype", "casetype",
                                        "minmaxtype", "array_typeid", "refrestype", "refelemtype", "resulttype"})
      if (const long type = node.number(name)) return type;
    return 0;
  }

  const std::vector<SystemColumn>& columns_;
  const std::set<long>& polymorphic_;
  std::map<std::pair<const NodeTree*, long>, Found> outputs_;
};

template <class Visit>
void walk(const NodeTree& node, const Visit& visit) {
  visit(node);
  for (const NodeTree& each : node.items) walk(each, visit);
}

class Positions {
 public:
  Positions(const std::vector<ChangedList>& relations, const std::vector<ChangedList>& functions) : relations_(relations), functions_(functions) {}

  void look_into(const NodeTree& query) {
    const auto& ranges = query.field("rtable").items;
    for (const NodeTree& range : ranges) {
      const long kind = range.number("rtekind");
      const bool is_listed = kind == kFunction || !range.field("alias").field("colnames").items.empty();
      if (kind == kJoin && range.field("alias").text == "ALIAS")
        look_into_join(range, ranges);
      else if (is_listed && kind != kJoin)
        note(range, false);
    }
  }

  std::vector<long> found() && { return std::move(found_); }

 private:
  // A column of a join is a variable of one of its two sides, and that may be a join again, or an expression of both.
  void look_into_join(const NodeTree& join, const std::vector<NodeTree>& ranges) {
    walk(join.field("joinaliasvars"), [&](const NodeTree& node) {
      const long number = node.text == "VAR" ? node.number("varno") : 0;
      if (number < 1 || static_cast<std::size_t>(number) > ranges.size()) return;
      const NodeTree& range = ranges[static_cast<std::size_t>(number - 1)];
      if (!looked_into_.insert({&join, &range}).second) return;
      if (range.number("rtekind") == kJoin)
        look_into_join(range, ranges);
      else
        note(range, true);
    });
  }

  void note(const NodeTree& range, bool in_join) {
    if (range.number("rtekind") == kRelation) note(relations_, range.number("relid"), in_join);
    if (range.number("rtekind") == kFunction)
      for (const NodeTree& each : range.field("functions").items) note(functions_, each.field("funcexpr").number("funcid"), in_join);
  }

  void note(const std::vector<ChangedList>& lists, long oid, bool in_join) {
    const bool matters = std::any_of(lists.begin(), lists.end(), [&](const ChangedList& each) { return each.oid == oid && (each.moved || in_join); });
    if (matters && std::find(found_.begin(), found_.end(), oid) == found_.end()) found_.push_back(oid);
  }

  const std::vector<ChangedList>&relations_, &functions_;
  std::set<std::pair<const NodeTree*, const NodeTree*>> looked_into_;
  std::vector<long> found_;
};

}  // namespace

Result<std::vector<long>> named_by_position(std::string_view action, const std::vector<ChangedList>& relations, const std::vector<ChangedList>& functions) {
  TRY(const NodeTree tree, parse_node_tree(action));
  Positions positions(relations, functions);
  walk(tree, [&](const NodeTree& node) {
    if (node.text == "QUERY") positions.look_into(node);
  });
  return std::move(positions).found();
}

Result<std::vector<TakenType>> types_taken(std::string_view action, const std::vector<SystemColumn>& columns, const std::set<long>& polymorphic) {
  TRY(const NodeTree tree, parse_node_tree(action));
  std::vector<TakenType> taken;
  Types types(columns, polymorphic);
  for (const NodeTree& query : tree.items)
    for (const NodeTree& entry : query.field("targetList").items)
      if (entry.field("resjunk").text != "true")
        if (const Found found = types.of_output({&query, nullptr}, entry.number("resno"))) taken.push_back({plain_text(entry.field("resname")), entry.number("resno"), *found});
  return taken;
}

}  // namespace pgconvoy
